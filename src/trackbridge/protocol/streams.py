"""Files over what vendors' clients read and write, for adapters."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from trackbridge.errors import IntegrityError

__all__ = ["Body", "Measured"]


class Body(io.RawIOBase):
    """The body of an answer as a file.

    Args:
        stream: Anything with `read(size)` and `close()`.
        translating: Makes the context in which it is read, which translates its errors (X1).
    """

    def __init__(self, stream: Any, translating: Callable[[], AbstractContextManager[None]]) -> None:
        self._stream = stream
        self._translating = translating

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into `buffer`; 0 at the end."""
        with self._translating():
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
