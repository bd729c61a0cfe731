"""The database and the files of a local backend, through raw `sqlite3` and `pathlib`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from trackbridge.protocol import BackendUrl, VersionState
from trackbridge.testing.probe import ProbedModel, ProbedRun

__all__ = ["LocalProbe"]

_RUN = """SELECT run, id, runs.name, experiments.name AS experiment, status, started_ms, ended_ms, parent, runs.deleted
FROM runs JOIN experiments USING (experiment) WHERE id = ?"""


class LocalProbe:
    """See `trackbridge.testing.Probe`. Each call opens the file anew, as a colleague with a SQL shell would."""

    def __init__(self, url: BackendUrl) -> None:
        self._root = Path(url.location)
        self._path = self._root / "trackbridge.db"

    def run(self, run_id: str) -> ProbedRun | None:
        """Find the run."""
        if not self._path.exists():
            return None
        with self._sql() as sql:
            row = sql.execute(_RUN, (run_id,)).fetchone()
            if row is None:
                return None
            key = (row["run"],)
            return ProbedRun(
                native_id=row["id"],
                name=row["name"],
                experiment=row["experiment"],
                status=row["status"],
                started_ms=row["started_ms"],
                ended_ms=row["ended_ms"],
                parent=row["parent"],
                deleted=bool(row["deleted"]),
                params={
                    name: _param(kind, value)
                    for name, kind, value in sql.execute("SELECT name, type, value FROM params WHERE run = ?", key)
                },
                tags=dict(sql.execute("SELECT name, value FROM tags WHERE run = ? AND value IS NOT NULL", key)),
                datasets=tuple(
                    (name, digest, context)
                    for name, digest, context in sql.execute(
                        "SELECT name, digest, context FROM datasets WHERE run = ?", key
                    )
                ),
                artifacts=dict(sql.execute("SELECT path, size FROM artifacts WHERE run = ?", key)),
            )

    def series(self, run_id: str, metric: str) -> list[tuple[int, int, float]]:
        """Give every point of a metric."""
        with self._sql() as sql:
            rows = sql.execute(
                "SELECT step, timestamp_ms, value FROM metric_points WHERE run_id = ? AND name = ?", (run_id, metric)
            )
            return [(step, timestamp_ms, float(value)) for step, timestamp_ms, value in rows]

    def artifact(self, run_id: str, path: str) -> bytes:
        """Give the bytes of an artifact."""
        with self._sql() as sql:
            (sha256,) = sql.execute(
                "SELECT sha256 FROM artifacts JOIN runs USING (run) WHERE id = ? AND path = ?", (run_id, path)
            ).fetchone()
        return self._root.joinpath("artifacts", str(sha256)[:2], str(sha256)).read_bytes()

    def model(self, name: str) -> ProbedModel | None:
        """Find a model."""
        if not self._path.exists():
            return None
        with self._sql() as sql:
            row = sql.execute("SELECT model FROM models WHERE name = ? AND NOT deleted", (name,)).fetchone()
            if row is None:
                return None
            key = (row["model"],)
            aliases: dict[int, list[str]] = {}
            for alias, number in sql.execute("SELECT alias, number FROM aliases WHERE model = ? ORDER BY alias", key):
                aliases.setdefault(number, []).append(alias)
            versions = sql.execute("SELECT number, stage, approval FROM versions WHERE model = ? AND NOT deleted", key)
            return ProbedModel(
                name,
                {
                    number: VersionState(stage, approval, tuple(aliases.get(number, ())))
                    for number, stage, approval in versions
                },
                tuple(entry for (entry,) in sql.execute("SELECT entry FROM trail WHERE model = ? ORDER BY n", key)),
            )

    def delete_sidecars(self, run_id: str) -> int:
        """Delete the run's sidecar objects."""
        with self._sql() as sql:
            return sql.execute(
                "DELETE FROM objects WHERE kind = 'run' AND key = ? AND name LIKE 'sidecar/%'", (run_id,)
            ).rowcount

    def set_tag(self, run_id: str, name: str, value: str) -> None:
        """Set a tag; the stamp of one that is there stays as it was."""
        with self._sql() as sql:
            sql.execute(
                "INSERT INTO tags SELECT run, ?, ?, 0, '', 0 FROM runs WHERE id = ?"
                " ON CONFLICT (run, name) DO UPDATE SET value = excluded.value",
                (name, value, run_id),
            )

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Change a version's stage."""
        with self._sql() as sql:
            sql.execute(
                "UPDATE versions SET stage = ? WHERE model = (SELECT model FROM models WHERE name = ?) AND number = ?",
                (stage, model, number),
            )

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Overwrite the trail."""
        with self._sql() as sql:
            (key,) = sql.execute("SELECT model FROM models WHERE name = ?", (model,)).fetchone()
            sql.execute("DELETE FROM trail WHERE model = ?", (key,))
            sql.executemany("INSERT INTO trail VALUES (?, ?, ?)", ((key, n, data) for n, data in enumerate(entries)))

    def close(self) -> None:
        """Do nothing: each call closes what it opens."""

    @contextmanager
    def _sql(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, timeout=60)) as sql, sql:
            sql.row_factory = sqlite3.Row
            yield sql


def _param(kind: str, value: Any) -> object:
    match kind:
        case "none" | "str":
            return value
        case "bool":
            return bool(value)
        case "int":
            return int(value)
        case "float":
            return float(value)
    return json.loads(value)
