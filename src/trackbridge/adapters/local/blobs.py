"""Contents of artifacts as files named by their hash: written aside, moved into place whole."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final

from trackbridge.adapters.local.translation import translated
from trackbridge.adapters.refusals import check_content

__all__ = ["Blobs"]

_CHUNK_BYTES: Final = 1024 * 1024
_ABANDONED_S: Final = 24 * 3600


class Blobs:
    """``artifacts/`` in a store's directory; ``artifacts/incoming`` holds what is still being written."""

    def __init__(self, root: Path) -> None:
        self._root = root / "artifacts"
        self._incoming = self._root / "incoming"

    @contextmanager
    def staged(self, path: str, content: BinaryIO, *, size: int, sha256: str) -> Iterator[Path]:
        """Write content to a file of its own, safely on disk and verified; it is removed unless it was `keep`-ed.

        Raises:
            IntegrityError: what arrived is not what `size` and `sha256` announce.
        """
        staged = self._incoming / uuid.uuid4().hex
        with translated(staged):
            self._incoming.mkdir(parents=True, exist_ok=True)
            file = staged.open("xb", buffering=0)
        try:
            with file:
                found, found_size = hashlib.sha256(), 0
                while chunk := content.read(_CHUNK_BYTES):
                    found.update(chunk)
                    found_size += len(chunk)
                    with translated(staged):  # what `content` raises is its owner's affair
                        _write(file, chunk)
                check_content(path, size, sha256, found_size, found.hexdigest())
                with translated(staged):
                    os.fsync(file.fileno())
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    def keep(self, staged: Path, sha256: str) -> None:
        """Move a staged file to where its hash is looked for; a file already there has the same content."""
        target = self.file(sha256)
        target.parent.mkdir(exist_ok=True)
        if not target.exists():
            staged.replace(target)
            _sync_folder(target.parent)

    def file(self, sha256: str) -> Path:
        """Give where a content lies."""
        return self._root / sha256[:2] / sha256

    def remove(self, sha256: str) -> None:
        """Remove a content, if it is there."""
        self.file(sha256).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what writers that were killed left behind a day ago or earlier."""
        if not self._incoming.is_dir():
            return
        for file in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # its writer may be done with it by now
                if file.stat().st_mtime < time.time() - _ABANDONED_S:
                    file.unlink()


def _write(file: FileIO, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[file.write(left) :]


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
