"""An archive in a folder of a file system."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from trackbridge.adapters.archive.translation import translated

__all__ = ["FolderVault"]

_ABANDONED_S: Final = 24 * 3600


class FolderVault:
    """See `Vault`. A file is written aside, forced to disk, and linked into place: it is there whole or not at all."""

    readers = 1

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    def create(self, key: str, data: bytes) -> bool:
        """Create a file if absent."""
        target = self._root / key
        with self.staging() as staged, translated(self.shown(key)):
            with staged.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            return _link(staged, target)

    def publish(self, file: Path, key: str) -> None:
        """Take over a finished file."""
        target = self._root / key
        with translated(self.shown(key)):
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
            _link(file, target)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Give a path on the archive's own file system."""
        staged = self._incoming / uuid.uuid4().hex
        with translated(str(self._incoming)):
            self._incoming.mkdir(parents=True, exist_ok=True)
        try:
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    def read(self, key: str) -> bytes:
        """Give the content of a file."""
        with translated(self.shown(key)):
            return (self._root / key).read_bytes()

    def open(self, key: str) -> BinaryIO:
        """Open a file for reading."""
        with translated(self.shown(key)):
            return (self._root / key).open("rb")

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """Give the file itself."""
        file = self._root / key
        with translated(self.shown(key)):
            file.stat()
        yield file

    def exists(self, key: str) -> bool:
        """Tell whether there is such a file."""
        return (self._root / key).exists()

    def names(self, folder: str) -> dict[str, int]:
        """Give name and size of the files that lie directly in a folder."""
        found = {}
        with translated(self.shown(folder)), suppress(FileNotFoundError), os.scandir(self._root / folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):  # removed just now
                    if entry.is_file():
                        found[entry.name] = entry.stat().st_size
        return found

    def folders(self, folder: str) -> Iterator[str]:
        """Give the names of the folders that lie directly in a folder."""
        with translated(self.shown(folder)), suppress(FileNotFoundError), os.scandir(self._root / folder) as entries:
            return iter(sorted(entry.name for entry in entries if entry.is_dir()))
        return iter(())

    def remove(self, key: str) -> None:
        """Remove a file."""
        with translated(self.shown(key)):
            (self._root / key).unlink(missing_ok=True)

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with all that is in it."""
        with translated(self.shown(folder)), suppress(FileNotFoundError):
            shutil.rmtree(self._root / folder)

    def shown(self, key: str) -> str:
        """Give the path of a file."""
        return str(self._root / key)

    def tidy(self) -> None:
        """Remove what writers that were killed left behind."""
        with translated(self.shown("incoming")), suppress(FileNotFoundError):
            for file in self._incoming.iterdir():
                with suppress(FileNotFoundError):  # its writer may be done with it by now
                    if file.stat().st_mtime < time.time() - _ABANDONED_S:
                        file.unlink()

    def close(self) -> None:
        """Do nothing: no file stays open."""


def _link(staged: Path, target: Path) -> bool:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(staged, target)
    except FileExistsError:
        return False
    _sync_folder(target.parent)
    return True


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
