"""The embedded adapters: `memory`, the executable reference, and `local`, the default."""
