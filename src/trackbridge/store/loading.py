"""A model version as the object that was saved, or as files on the local disk (G2)."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from trackbridge.errors import IntegrityError, NotFound
from trackbridge.protocol.discovery import hooks
from trackbridge.protocol.hooks import ModelSaver
from trackbridge.records.artifacts import folder_digest
from trackbridge.records.models import ModelVersion
from trackbridge.records.names import shown
from trackbridge.store.download import save_all
from trackbridge.store.files import Files
from trackbridge.store.reading import Reader, Reading

__all__ = ["fetch_version", "folder_of", "load_saved"]


def folder_of(files: Files, reading: Reading, path: str) -> str:
    """Give the digest of an artifact, a file or a folder (A5); files of unknown sha256 are read.

    Raises:
        NotFound: the run has no such artifact.
    """
    listed = files.listed(reading, path)
    if not listed:
        raise NotFound(
            f"run {reading.id} has no artifact {shown(path)}", clause="G2", remedy="Log it before it is registered."
        )
    return folder_digest(files.hashed(reading, listed), path)


def fetch_version(reader: Reader, files: Files, version: ModelVersion, dest: Path | None) -> Path:
    """Download a version's artifact, which must still be what was registered; give its local path.

    Args:
        reader: Where its run is.
        files: Where its files are.
        version: The version.
        dest: The folder to download into; None for a temporary one that lives as long as this process.

    Raises:
        NotFound: the version has no run here, or its run or artifact is gone.
        IntegrityError: the artifact was changed after it was registered.
    """
    if version.run_id is None:
        raise NotFound(
            f"version {version.number} of model {shown(version.model)} has no run in this store",
            clause="G2",
            remedy=f"Its artifact is {version.artifact_path}: fetch it from where it is.",
        )
    reading = reader.find(version.run_id)
    found = folder_of(files, reading, version.artifact_path)
    if version.digest not in {None, found}:
        raise IntegrityError(
            f"the artifact {shown(version.artifact_path)} of run {version.run_id} was changed after it was registered as "
            f"version {version.number} of model {shown(version.model)}: its digest was {version.digest} and is {found}",
            clause="G2",
            remedy="Restore it, or register what is there now as a new version.",
        )
    folder = dest or _scratch()
    listed = {file.path: file for file in files.listed(reading, version.artifact_path)}
    save_all(list(listed), folder, lambda path: files.opened(reading, listed[path]))
    return folder.joinpath(*version.artifact_path.split("/"))


def load_saved(path: Path, *, trusted: bool) -> Any:
    """Load the object that lies at `path` with the saver that wrote it; give `path` itself where none did.

    Args:
        path: A file or folder on the local disk.
        trusted: Whether it may run code as it is loaded; savers refuse where they would have to.
    """
    savers: list[ModelSaver] = [saver for group in hooks().hook.trackbridge_model_savers() for saver in group]
    for saver in sorted(savers, key=lambda saver: (-saver.priority, saver.name)):
        if path.is_dir() and saver.can_load(path):
            return saver.load(path, trusted)
    return path


def _scratch() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="trackbridge-model-"))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked child inherits the callback, but not the folder
        shutil.rmtree(folder, ignore_errors=True)
