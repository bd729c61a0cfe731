"""What a way to artifacts can do."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

from trackbridge.errors import IntegrityError
from trackbridge_mlflow.errors import translated

__all__ = ["Body", "Measured", "Route", "checked"]


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


class Body(io.RawIOBase):
    """A stream that only reads, such as the body of an answer, as a file; its errors are translated.

    Args:
        stream: Anything with `read(size)` and `close()`.
        what: What it is, for errors.
    """

    def __init__(self, stream: Any, what: str) -> None:
        self._stream = stream
        self._what = what

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into `buffer`; 0 at the end."""
        with translated(self._what):
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the stream too."""
        self._stream.close()
        super().close()


class Measured(io.RawIOBase):
    """A file that must have the size it was said to have; closing this leaves the file open.

    Args:
        file: What is read, to its end.
        size: Its size in bytes.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into `buffer`; 0 at the end."""
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0 or (not data and self._left):
            raise IntegrityError("a file does not have the size that was announced", clause="A4")
        buffer[: len(data)] = data
        return len(data)
