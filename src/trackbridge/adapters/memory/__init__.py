"""``memory://NAME``: everything in plain dicts of this process; the executable reference of the protocol."""
