"""An archive in a bucket of an object store, through fsspec."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from trackbridge.adapters.archive.translation import translated

__all__ = ["BucketVault"]


class BucketVault:
    """See `Vault`. A file is one object, put whole; the store itself refuses to create one that is there.

    Args:
        system: fsspec's file system, which caches no listings.
        root: Bucket and prefix.
        shown: The address without secrets, for messages.
    """

    readers = 16

    def __init__(self, system: Any, root: str, shown: str) -> None:
        self._system = system
        self._root = root
        self._shown = shown
        self._home = tempfile.TemporaryDirectory(prefix="trackbridge-", ignore_cleanup_errors=True)

    def create(self, key: str, data: bytes) -> bool:
        """Create an object if absent."""
        with translated(self.shown(key)):
            try:
                self._system.pipe_file(self._at(key), data, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if _refused(error):
                    return False
                raise
            return True

    def publish(self, file: Path, key: str) -> None:
        """Upload a finished file."""
        with translated(self.shown(key)):
            self._system.put_file(str(file), self._at(key))

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """Give a path among this machine's temporary files."""
        staged = Path(self._home.name, uuid.uuid4().hex)
        try:
            yield staged
        finally:
            staged.unlink(missing_ok=True)

    def read(self, key: str) -> bytes:
        """Give the content of an object."""
        with translated(self.shown(key)):
            return bytes(self._system.cat_file(self._at(key)))

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading."""
        with translated(self.shown(key)):
            return cast("BinaryIO", self._system.open(self._at(key), "rb"))

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """Give a copy of the object, removed in the end."""
        with self.staging() as copy:
            with translated(self.shown(key)):
                self._system.get_file(self._at(key), str(copy))
            yield copy

    def exists(self, key: str) -> bool:
        """Tell whether there is such an object."""
        with translated(self.shown(key)):
            return bool(self._system.isfile(self._at(key)))

    def names(self, folder: str) -> dict[str, int]:
        """Give name and size of the objects that lie directly in a folder."""
        return {name: int(row["size"]) for name, row in self._rows(folder) if row["type"] == "file"}

    def folders(self, folder: str) -> Iterator[str]:
        """Give the names of the folders that lie directly in a folder."""
        return iter(sorted(name for name, row in self._rows(folder) if row["type"] == "directory"))

    def remove(self, key: str) -> None:
        """Remove an object."""
        with translated(self.shown(key)), suppress(FileNotFoundError):
            self._system.rm_file(self._at(key))

    def remove_folder(self, folder: str) -> None:
        """Remove all objects in a folder."""
        with translated(self.shown(folder)), suppress(FileNotFoundError):
            self._system.rm(self._at(folder), recursive=True)

    def shown(self, key: str) -> str:
        """Give the address of an object."""
        return f"{self._shown}/{key}"

    def tidy(self) -> None:
        """Do nothing: an object store shows no half-written objects."""

    def close(self) -> None:
        """Remove this process's temporary files."""
        self._home.cleanup()

    def _at(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _rows(self, folder: str) -> Iterator[tuple[str, Any]]:
        with translated(self.shown(folder)):
            try:
                rows = self._system.ls(self._at(folder), detail=True)
            except FileNotFoundError:
                return
        for row in rows:
            if name := row["name"].rstrip("/").removeprefix(f"{self._at(folder)}").strip("/"):
                yield name, row


def _refused(error: OSError) -> bool:
    """Tell whether a conditional write was refused: 412, or 409 where another such write was under way."""
    text = f"{error} {error.__cause__}"
    return any(word in text for word in ("PreconditionFailed", "ConditionalRequestConflict", "412", "pre-condition"))
