"""Experiments in SQLite (R2)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

from trackbridge.adapters.local.database import Database
from trackbridge.adapters.local.edits import edit, read_tags
from trackbridge.adapters.refusals import no_experiment
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.times import now_ms

__all__ = ["LocalExperiments"]

_COLUMNS = "experiment, name, description, created_ms, deleted"


class LocalExperiments:
    """See `trackbridge.protocol.ExperimentStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure(self, name: str) -> None:
        """Create the experiment if absent; restore a deleted one."""
        held = self.get(name)
        if held and not held.deleted:
            return
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO experiments (name, created_ms) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET deleted = 0",
                (name, now_ms()),
            )

    def get(self, name: str) -> ExperimentRecord | None:
        """Give an experiment, a deleted one too."""
        with self._database.read() as connection:
            row = connection.execute(f"SELECT {_COLUMNS} FROM experiments WHERE name = ?", (name,)).fetchone()
            return _record(connection, row) if row else None

    def list(self) -> Iterator[ExperimentRecord]:
        """Give all that are not deleted, by name."""
        with self._database.read() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM experiments WHERE NOT deleted ORDER BY name")
            return iter([_record(connection, row) for row in rows])

    def edit(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given."""
        with self._database.write() as connection:
            edit(connection, "experiment", _key(connection, name), description, tags)

    def delete(self, name: str) -> None:
        """Mark it deleted."""
        with self._database.write() as connection:
            connection.execute("UPDATE experiments SET deleted = 1 WHERE experiment = ?", (_key(connection, name),))


def _key(connection: sqlite3.Connection, name: str) -> int:
    row = connection.execute("SELECT experiment FROM experiments WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise no_experiment(name)
    return int(row[0])


def _record(connection: sqlite3.Connection, row: tuple[int, str, str | None, int, int]) -> ExperimentRecord:
    key, name, description, created_ms, deleted = row
    return ExperimentRecord(name, description, read_tags(connection, "experiment", key), created_ms, bool(deleted))
