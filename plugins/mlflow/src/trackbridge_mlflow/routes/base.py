"""What a way to artifacts can do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from trackbridge.errors import IntegrityError

__all__ = ["Route", "checked"]


class Route(Protocol):
    """Files under one root. Paths are relative and valid (A1)."""

    kind: str

    def put(self, path: str, content: BinaryIO, size: int) -> None:
        """Store a file, replacing what was there; nothing shows before it is whole, as far as the place can."""

    def list(self, prefix: str) -> Iterator[tuple[str, int | None]]:
        """Give path and size of every file at or below a whole path or folder, all for "", in any order."""

    def entries(self, folder: str) -> dict[str, bool]:
        """Give the names in a folder, "" for the root, each with whether it is a folder; none where there is none."""

    def open(self, path: str) -> BinaryIO:
        """Open a file; raise `NotFound` or an error that is translated to it."""

    def remove_all(self) -> None:
        """Remove the root and everything in it."""


def checked(name: str) -> str:
    """Return the name of an entry of a listing, unless it could lead elsewhere (A5)."""
    if name in {"", ".", ".."} or "/" in name or "\x00" in name:
        raise IntegrityError(f"an artifact listing has the entry {name!r}, which leaves its folder", clause="A5")
    return name
