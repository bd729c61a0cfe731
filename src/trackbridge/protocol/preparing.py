"""What has to be made on this machine before a backend can be reached: an adapter may have a `prepare`."""

from __future__ import annotations

from trackbridge.protocol.adapter import Adapter

__all__ = ["prepare"]


def prepare(adapter: Adapter) -> None:
    """Have it made, such as the tables of a new database file, where the adapter has anything to make.

    Nobody else's machine is contacted for that, and like the import of an SDK it is no part of the time to connect.

    Raises:
        ConfigurationError: it cannot be made.
    """
    make = getattr(adapter, "prepare", None)
    if make is not None:
        make()
