"""Reading with the checksum at hand: a file that is not what was stored is never taken for it (A2)."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO, Final

from trackbridge.errors import IntegrityError
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.names import shown

__all__ = ["CHUNK_BYTES", "checked", "measured"]

CHUNK_BYTES: Final = 1 << 20


class _Checked(io.RawIOBase):
    """Hashes what passes through, and compares at the end; after a seek it only reads."""

    def __init__(self, stream: BinaryIO, expected: ArtifactRecord, run_id: str) -> None:
        self._stream = stream
        self._expected = expected
        self._run_id = run_id
        self._hash = hashlib.sha256()
        self._position = 0
        self._in_order = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        position = self._stream.seek(offset, whence)
        self._in_order = self._in_order and position == self._position
        return position

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # bytes-like, writable
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        if self._in_order:
            self._hash.update(data)
            self._position += len(data)
            if not data and len(buffer):
                self._compare()
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()

    def _compare(self) -> None:
        size, sha256 = self._expected.size, self._expected.sha256
        if size not in {None, self._position} or sha256 not in {None, self._hash.hexdigest()}:
            raise IntegrityError(
                f"artifact {shown(self._expected.path)} of run {self._run_id} is stored as {size} bytes with sha256 "
                f"{sha256}, but {self._position} bytes with sha256 {self._hash.hexdigest()} came",
                clause="A2",
                remedy="It was changed or damaged in the backend's artifact store: log it again, or restore it.",
            )


def checked(stream: BinaryIO, expected: ArtifactRecord, run_id: str) -> BinaryIO:
    """Give a reader of `stream` that raises `IntegrityError` at its end where the content is not `expected`."""
    return io.BufferedReader(_Checked(stream, expected, run_id), CHUNK_BYTES)


def measured(stream: BinaryIO, path: str) -> ArtifactRecord:
    """Read a file through, to give its size and sha256."""
    sha, size = hashlib.sha256(), 0
    while data := stream.read(CHUNK_BYTES):
        sha.update(data)
        size += len(data)
    return ArtifactRecord(path, size, sha.hexdigest())
