"""Where an archive's files lie: the few operations on which all the rest stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from trackbridge.errors import IntegrityError

__all__ = ["Vault", "sha256_of", "verified"]

_CHUNK_BYTES: Final = 1024 * 1024


class Vault(Protocol):
    """Files by key, a relative path; whatever has a key is whole. What is missing raises `FileNotFoundError`.

    Attributes:
        readers: How many threads read at once to advantage: where each answer is waited for, more than one.
    """

    readers: int

    def create(self, key: str, data: bytes) -> bool:
        """Create a file if absent; False where one is there, which stays as it is."""

    def publish(self, file: Path, key: str) -> None:
        """Copy a finished local file to `key`, which says its content: one that is already there is the same."""

    def staging(self) -> AbstractContextManager[Path]:
        """Give a local path to write a file to; what is left there in the end is removed."""

    def read(self, key: str) -> bytes:
        """Give the content of a file."""

    def open(self, key: str) -> BinaryIO:
        """Open a file for reading."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """Give a local path at which the file can be read."""

    def exists(self, key: str) -> bool:
        """Tell whether there is such a file."""

    def names(self, folder: str) -> dict[str, int]:
        """Give name and size of the files that lie directly in a folder; none where there is no folder."""

    def folders(self, folder: str) -> Iterator[str]:
        """Give the names of the folders that lie directly in a folder, sorted."""

    def remove(self, key: str) -> None:
        """Remove a file, if it is there."""

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with all that is in it, if it is there."""

    def shown(self, key: str) -> str:
        """Give the full address of a file, for messages."""

    def tidy(self) -> None:
        """Remove what writers that were killed left half-written a day ago or earlier."""

    def close(self) -> None:
        """Let go of connections."""


def sha256_of(file: Path) -> str:
    """Give the SHA-256 of a local file, as hex."""
    found = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def verified(file: Path, sha256: str, shown: str) -> Path:
    """Give `file` back; raise `IntegrityError` naming `shown` unless its content has this hash."""
    found = sha256_of(file)
    if found != sha256:
        raise IntegrityError(
            f"{shown} is damaged: its sha256 is {found}, and {sha256} was written",
            clause="X1",
            remedy="Restore the file from a copy of the archive.",
        )
    return file
