"""Artifacts in an archive: contents by their hash in the run's folder, paths in its log (A1–A4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

from trackbridge.adapters.archive.archive import Archive
from trackbridge.adapters.archive.places import run_folder
from trackbridge.adapters.archive.runlogs import RunLogs
from trackbridge.adapters.archive.runstate import RunState
from trackbridge.adapters.archive.translation import translated
from trackbridge.adapters.refusals import beside_folder, check_content, no_artifact
from trackbridge.errors import IntegrityError
from trackbridge.records.artifacts import ArtifactRecord

__all__ = ["ArchiveArtifacts"]

_CHUNK_BYTES: Final = 1024 * 1024


class ArchiveArtifacts:
    """See `trackbridge.protocol.ArtifactStore`. Contents stay when a path is replaced: an archive only grows."""

    def __init__(self, archive: Archive, logs: RunLogs) -> None:
        self._archive = archive
        self._logs = logs

    def put(self, run_id: str, path: str, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store the content of one file, replacing what was there."""
        vault, key = self._archive.begin(), _content(run_id, sha256)
        _refuse_folders(self._logs.state(run_id), run_id, path)
        with ExitStack() as stack:
            staged = stack.enter_context(vault.staging())
            _stage(staged, path, content, size, sha256)
            vault.publish(staged, key)

        def decide(state: RunState) -> tuple[dict[str, object] | None, None]:
            _refuse_folders(state, run_id, path)
            if state.artifacts.get(path) == (size, sha256):
                return None, None
            return {"artifact": {"path": path, "size": size, "sha256": sha256}}, None

        self._logs.change(run_id, decide)

    def list(self, run_id: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        """Give all files at or below `prefix`, by path."""
        folder = f"{prefix}/" if prefix else ""
        artifacts = sorted(self._logs.state(run_id).artifacts.items())
        return iter(
            [
                ArtifactRecord(path, size, sha256)
                for path, (size, sha256) in artifacts
                if path == prefix or path.startswith(folder)
            ]
        )

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading; who reads it compares its hash with the listing (A2)."""
        found = self._logs.state(run_id).artifacts.get(path)
        if found is None:
            raise no_artifact(run_id, path)
        key = _content(run_id, found[1])
        try:
            return self._archive.vault.open(key)
        except FileNotFoundError as error:
            raise IntegrityError(
                f"{self._archive.vault.shown(key)} is missing, the content of artifact {path!r}",
                clause="A2",
                remedy="Restore the file from a copy of the archive.",
            ) from error


def _content(run_id: str, sha256: str) -> str:
    return f"{run_folder(run_id)}/artifacts/{sha256}"


def _stage(staged: Path, path: str, content: BinaryIO, size: int, sha256: str) -> None:
    found, found_size = hashlib.sha256(), 0
    with translated(str(staged)):
        file = staged.open("xb")
    with file:
        while chunk := content.read(_CHUNK_BYTES):
            found.update(chunk)
            found_size += len(chunk)
            with translated(str(staged)):  # what `content` raises is its owner's affair
                file.write(chunk)
    check_content(path, size, sha256, found_size, found.hexdigest())


def _refuse_folders(state: RunState, run_id: str, path: str) -> None:
    """Raise `Conflict` where `path` is a folder of the run, or a file of the run is a folder in `path` (A1)."""
    for other in (*_above(path), *_below(path, state.artifacts)):
        if other in state.artifacts:
            raise beside_folder(run_id, path, other)


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _below(path: str, paths: Iterable[str]) -> Iterator[str]:
    return (other for other in paths if other.startswith(f"{path}/"))
