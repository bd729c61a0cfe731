"""Artifacts and objects in SQLite, contents of artifacts in files (A1–A4, X3)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import BinaryIO

from trackbridge.adapters.local.blobs import Blobs
from trackbridge.adapters.local.database import Database
from trackbridge.adapters.local.rows import run_key
from trackbridge.adapters.local.translation import translated
from trackbridge.adapters.refusals import beside_folder, no_artifact
from trackbridge.errors import IntegrityError
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.names import shown

__all__ = ["LocalArtifacts", "sweep"]


class LocalArtifacts:
    """See `trackbridge.protocol.ArtifactStore`."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    def put(self, run_id: str, path: str, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store the content of one file, replacing what was there.

        The file is moved into place within the transaction that names it: nobody can take it for garbage in between.
        """
        with (
            self._blobs.staged(path, content, size=size, sha256=sha256) as staged,
            self._database.write() as connection,
        ):
            run = run_key(connection, run_id)
            _refuse_folders(connection, run, run_id, path)
            replaced = connection.execute(
                "INSERT OR IGNORE INTO garbage SELECT sha256 FROM artifacts WHERE run = ? AND path = ? AND sha256 != ?",
                (run, path, sha256),
            ).rowcount
            connection.execute("INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?, ?)", (run, path, size, sha256))
            self._blobs.keep(staged, sha256)
        if replaced:
            sweep(self._database, self._blobs)

    def list(self, run_id: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        """Give all files at or below `prefix`, by path."""
        with self._database.read() as connection:
            run = run_key(connection, run_id)
            rows = connection.execute("SELECT path, size, sha256 FROM artifacts WHERE run = ? ORDER BY path", (run,))
            folder = f"{prefix}/" if prefix else ""
            return iter([ArtifactRecord(*row) for row in rows if row[0] == prefix or row[0].startswith(folder)])

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading."""
        missing = None
        while (sha256 := self._content(run_id, path)) != missing:
            with translated(self._blobs.file(sha256)):
                try:
                    return self._blobs.file(sha256).open("rb")
                except FileNotFoundError:
                    missing = sha256  # replaced and removed just now, unless the second look finds the same
        raise IntegrityError(
            f"the content of artifact {shown(path)} of run {run_id} is gone: {self._blobs.file(sha256)}",
            clause="A2",
            remedy="Restore the file from a copy of the store.",
        )

    def _content(self, run_id: str, path: str) -> str:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT sha256 FROM artifacts WHERE run = ? AND path = ?", (run_key(connection, run_id), path)
            ).fetchone()
        if row is None:
            raise no_artifact(run_id, path)
        return str(row[0])


def sweep(database: Database, blobs: Blobs) -> None:
    """Remove contents that no artifact has any more.

    What may have become garbage was noted by the transaction that let go of it, so that a death in between only delays
    this. No content can gain an artifact meanwhile: that takes the write transaction, which is ours here.
    """
    with database.write() as connection:
        unused = "SELECT sha256 FROM garbage WHERE sha256 NOT IN (SELECT sha256 FROM artifacts)"
        for (sha256,) in connection.execute(unused).fetchall():
            blobs.remove(sha256)
        connection.execute("DELETE FROM garbage")


def _refuse_folders(connection: sqlite3.Connection, run: int, run_id: str, path: str) -> None:
    """Raise `Conflict` where `path` is a folder of the run, or a file of the run is a folder in `path` (A1)."""
    parts = path.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    below = (run, f"{path}/", f"{path}0")  # 0 follows / in Unicode
    row = connection.execute("SELECT path FROM artifacts WHERE run = ? AND path > ? AND path < ?", below).fetchone()
    for folder in above:
        row = (
            row or connection.execute("SELECT path FROM artifacts WHERE run = ? AND path = ?", (run, folder)).fetchone()
        )
    if row:
        raise beside_folder(run_id, path, row[0])
