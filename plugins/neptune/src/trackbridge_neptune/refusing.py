"""What every write to a dump is answered."""

from __future__ import annotations

from pathlib import Path

from trackbridge.errors import Unsupported

__all__ = ["read_only"]


def read_only(root: Path, capability: str) -> Unsupported:
    """A dump is only read."""
    return Unsupported(
        f"{root} is a dump of Neptune, which trackbridge only reads",
        capability=capability,
        remedy="Move it to a backend that can be written to: trackbridge migrate.",
    )
