"""Private copies of what is logged, so that what arrives is the file as it was at the call (A4)."""

from __future__ import annotations

import io
import itertools
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

from trackbridge.errors import Rejected
from trackbridge.records.log import LoggedArtifact
from trackbridge.records.names import shown
from trackbridge.records.writes import Stamp
from trackbridge.shipping import copy_and_hash

__all__ = ["Staging"]


class Staging:
    """One run's folder of copies; it is made at the first, and removed with `clear`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._pid = os.getpid()
        self._numbers = itertools.count()

    def copy(self, source: Path, path: str, stamp: Stamp) -> LoggedArtifact:
        """Copy a file as it is now; raise `Rejected` where it cannot be read."""
        with self._opened(source, path) as content:
            return self._stage(content, path, stamp)

    def keep(self, content: bytes, path: str, stamp: Stamp) -> LoggedArtifact:
        """Keep bytes that were made for the artifact `path`."""
        return self._stage(io.BytesIO(content), path, stamp)

    def refer(self, source: Path, path: str, stamp: Stamp) -> LoggedArtifact:
        """Take a file where it lies, to be delivered if it is still the same then."""
        with self._opened(source, path) as content:
            size, sha256 = copy_and_hash(content, None)
        return LoggedArtifact(path, source.absolute(), size, sha256, stamp, staged=False)

    def clear(self) -> None:
        """Remove all copies; a forked child leaves its parent's alone."""
        with self._lock:
            folder, self._folder = self._folder, None
        if folder and self._pid == os.getpid():
            shutil.rmtree(folder, ignore_errors=True)

    def _stage(self, content: BinaryIO, path: str, stamp: Stamp) -> LoggedArtifact:
        target = self._place() / str(next(self._numbers))
        try:
            with target.open("xb") as copy:
                size, sha256 = copy_and_hash(content, copy)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise Rejected(
                f"artifact {shown(path)} cannot be copied to {target.parent}: {error}",
                clause="A4",
                remedy="Make room there, set TMPDIR to another disk, or log it with mode='reference'.",
            ) from error
        return LoggedArtifact(path, target, size, sha256, stamp, staged=True)

    def _place(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="trackbridge-"))
            return self._folder

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
