"""Private copies of what is logged, so that what arrives is the file as it was at the call (A4)."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from trackbridge.errors import Rejected
from trackbridge.records.log import LoggedArtifact
from trackbridge.records.names import shown
from trackbridge.records.writes import Stamp
from trackbridge.shipping import copy_and_hash

__all__ = ["Staging"]


_FOLDER: Final = "files"


class Staging:
    """One writer's copies, in a folder of its journal: they go where it goes, and with it when it is delivered.

    Args:
        place: Gives the journal's directory; None where nothing is to be kept.
        admit: Makes room there for so many bytes; False where there is none, and the file is dropped.
    """

    def __init__(self, place: Callable[[], Path | None], admit: Callable[[int], bool]) -> None:
        self._place = place
        self._admit = admit
        self._numbers = itertools.count()

    def copy(self, source: Path, path: str, stamp: Stamp) -> LoggedArtifact | None:
        """Copy a file as it is now; None where it was dropped. Raise `Rejected` where it cannot be read."""
        with self._opened(source, path) as content:
            return self._stage(content, os.fstat(content.fileno()).st_size, path, stamp)

    def keep(self, content: bytes, path: str, stamp: Stamp) -> LoggedArtifact | None:
        """Keep bytes that were made for the artifact `path`; None where they were dropped."""
        return self._stage(io.BytesIO(content), len(content), path, stamp)

    def refer(self, source: Path, path: str, stamp: Stamp) -> LoggedArtifact:
        """Take a file where it lies, to be delivered if it is still the same then."""
        with self._opened(source, path) as content:
            size, sha256 = copy_and_hash(content, None)
        return LoggedArtifact(path, source.absolute(), size, sha256, stamp, staged=False)

    def _stage(self, content: BinaryIO, size: int, path: str, stamp: Stamp) -> LoggedArtifact | None:
        place = self._place()
        if place is None:
            size, sha256 = copy_and_hash(content, None)
            return LoggedArtifact(path, Path(), size, sha256, stamp, staged=False)
        if not self._admit(size):
            return None
        target = place / _FOLDER / str(next(self._numbers))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb+") as copy:
                size, sha256 = copy_and_hash(content, copy)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise Rejected(
                f"artifact {shown(path)} cannot be copied to {target.parent}: {error}",
                clause="A4",
                remedy="Make room there, set journal_dir to another disk, or log it with mode='reference'.",
            ) from error
        return LoggedArtifact(path, target, size, sha256, stamp, staged=True)

    @staticmethod
    def _opened(source: Path, path: str) -> BinaryIO:
        remedy = "Use log_artifacts for a folder." if source.is_dir() else "Give the path of an existing file."
        try:
            return source.open("rb")
        except (OSError, ValueError) as error:
            raise Rejected(
                f"the file {shown(str(source))} of artifact {shown(path)} cannot be read: {error}",
                clause="A1",
                remedy=remedy,
            ) from error
