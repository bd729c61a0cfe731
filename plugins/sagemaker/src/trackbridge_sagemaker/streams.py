"""Files over what boto3 reads and writes."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from trackbridge.errors import IntegrityError
from trackbridge_sagemaker.errors import translated

__all__ = ["Body", "Measured"]


class Body(io.RawIOBase):
    """The body of an answer as a file; its errors are translated.

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
