"""A file on its way: read once from the source, measured, and held in memory or on the disk while it is sent."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.store.checked import CHUNK_BYTES

__all__ = ["spooled"]

_IN_MEMORY_BYTES: Final = 4 << 20


@contextmanager
def spooled(source: BinaryIO, path: str) -> Iterator[tuple[BinaryIO, ArtifactRecord]]:
    """Read `source` to its end; yield what it held, from the start and as often as needed, with size and sha256.

    Up to 4 MiB stay in memory; the rest of a larger file waits on the disk.
    """
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as held:
        sha, size = hashlib.sha256(), 0
        while data := source.read(CHUNK_BYTES):
            sha.update(data)
            size += len(data)
            held.write(data)
        held.seek(0)
        yield cast("BinaryIO", held), ArtifactRecord(path, size, sha.hexdigest())
