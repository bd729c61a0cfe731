"""``store.artifacts``: the files of a run."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from trackbridge.errors import NotFound
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.names import check_artifact_path, shown
from trackbridge.store.download import save_all
from trackbridge.store.files import Files
from trackbridge.store.reading import Reader, Reading

__all__ = ["Artifacts"]


class Artifacts:
    """Lists, opens and downloads artifacts; every read to the end is checked against the sha256 (A2)."""

    def __init__(self, reader: Reader, files: Files) -> None:
        self._reader = reader
        self._files = files

    def list(self, run_id: str, prefix: str = "") -> Sequence[ArtifactRecord]:
        """Give all files at or below `prefix`, a whole path or folder, by path.

        Raises:
            NotFound: there is no such run.
            Rejected: `prefix` is no path.
        """
        wanted = _checked_prefix(prefix)
        return self._matching(self._reader.find(run_id), wanted, prefix)

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading; reading it to its end raises `IntegrityError` where it is not what was stored.

        Raises:
            NotFound: there is no such run or file.
            Rejected: `path` is no path.
        """
        wanted = check_artifact_path(path)
        reading = self._reader.find(run_id)
        for file in self._matching(reading, wanted, path):
            if unicodedata.normalize("NFC", file.path) == wanted:
                return self._files.opened(reading, file)
        raise _no_artifact(run_id, path)

    def download(self, run_id: str, path: str, dest: str | os.PathLike[str]) -> Path:
        """Copy a file, or a folder with all below it, into the folder `dest`; give the local path of it.

        Each file keeps its artifact path: ``plots/roc.png`` becomes ``dest/plots/roc.png``. The empty path is all.

        Raises:
            NotFound: there is no such run, file or folder.
            IntegrityError: a file is not what was stored; nothing of it is left.
            Rejected: a path would leave `dest`; no file was written.
        """
        wanted = _checked_prefix(path)
        reading = self._reader.find(run_id)
        files = {file.path: file for file in self._matching(reading, wanted, path)}
        if not files and wanted:
            raise _no_artifact(run_id, path)
        folder = Path(dest)
        save_all(list(files), folder, lambda one: self._files.opened(reading, files[one]))
        if not wanted:
            return folder
        depth = len(wanted.split("/"))
        return folder.joinpath(*next(iter(files)).split("/")[:depth])

    def _matching(self, reading: Reading, wanted: str, path: str) -> Sequence[ArtifactRecord]:
        # Ours are composed (NFC); a foreign path may not be, and is then found as it is written.
        written = path.removesuffix("/")
        return self._files.listed(reading, wanted) or (
            self._files.listed(reading, written) if written != wanted else []
        )


def _checked_prefix(prefix: object) -> str:
    if prefix == "":
        return ""
    return check_artifact_path(prefix.removesuffix("/") if isinstance(prefix, str) else prefix)


def _no_artifact(run_id: str, path: str) -> NotFound:
    return NotFound(
        f"run {run_id} has no artifact {shown(path)}", clause="A1", remedy="store.artifacts.list gives those it has."
    )
