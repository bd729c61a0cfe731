"""Runs in SQLite (R1–R9, P3, T1, D1)."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence

from trackbridge.adapters.local.artifacts import sweep
from trackbridge.adapters.local.blobs import Blobs
from trackbridge.adapters.local.codec import from_param, to_param
from trackbridge.adapters.local.database import Database
from trackbridge.adapters.local.rows import PAGE, keys_of, load, run_key
from trackbridge.adapters.local.schema import RUN_TABLES
from trackbridge.adapters.local.search import selection
from trackbridge.adapters.refusals import no_experiment, other_param, spent_run
from trackbridge.protocol import NativeRun, Opened, Refused, Scan
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.values import ParamValue
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, StatusWrite, TagWrite

__all__ = ["LocalRuns"]


class LocalRuns:
    """See `trackbridge.protocol.RunStore`."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    def create(self, header: RunHeader, *, name: str | None = None) -> Opened:
        """Create the run if absent."""
        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM purged_runs WHERE id = ?", (header.id,)).fetchone():
                raise spent_run(header.id, "purged")
            held = connection.execute("SELECT deleted FROM runs WHERE id = ?", (header.id,)).fetchone()
            if held == (1,):
                raise spent_run(header.id, "deleted")
            if held is None:
                _insert_run(connection, header, name)
            return Opened(header.id, (), created=held is None)

    def claim_epoch(self, run_id: str, epoch: int) -> bool:
        """Claim an owner epoch if nobody has."""
        with self._database.write() as connection:
            run = run_key(connection, run_id)
            connection.execute("UPDATE runs SET epoch = max(epoch, ?) WHERE run = ?", (epoch, run))
            return connection.execute("INSERT OR IGNORE INTO epochs VALUES (?, ?)", (run, epoch)).rowcount == 1

    def write(self, run_id: str, writes: RunWrites) -> tuple[Refused, ...]:
        """Apply a batch; give the params that have another value already."""
        with self._database.write() as connection:
            run = run_key(connection, run_id)
            refused = _write_params(connection, run, writes.params)
            _write_tags(connection, run, writes.tags)
            _write_attributes(connection, run, writes.attributes)
            _write_datasets(connection, run, writes.datasets)
            if writes.status:
                _write_status(connection, run, writes.status)
            return refused

    def get(self, run_ids: Sequence[str]) -> dict[str, NativeRun]:
        """Give the runs of these ids, deleted ones too."""
        with self._database.read() as connection:
            found = keys_of(connection, run_ids)
            pages = (found[i : i + PAGE] for i in range(0, len(found), PAGE))
            return {run.id: run for page in pages for run in load(connection, page)}

    def scan(self, scan: Scan) -> Iterator[NativeRun]:
        """Go through the matching runs in the order asked for.

        The keys of all come from one query, eight bytes a run; the runs are read page by page, each as it is when its
        page is. The first page comes before the query is through, and no transaction outlives it.
        """
        chosen = selection(scan)
        with self._database.read() as connection:
            cursor = connection.execute(chosen.keys, chosen.bindings)
            yield from chosen.fitting(load(connection, [key for (key,) in cursor.fetchmany(PAGE)]))
            rest = array("q", (key for (key,) in cursor))
        for start in range(0, len(rest), PAGE):
            with self._database.read() as connection:
                page = load(connection, chosen.still(connection, rest[start : start + PAGE]))
            yield from chosen.fitting(page)

    def set_deleted(self, run_id: str, *, deleted: bool) -> None:
        """Delete or restore."""
        with self._database.write() as connection:
            run = run_key(connection, run_id)
            connection.execute("UPDATE runs SET deleted = ? WHERE run = ?", (deleted, run))

    def purge(self, run_id: str) -> None:
        """Remove the run and all it has; its id stays spent."""
        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM purged_runs WHERE id = ?", (run_id,)).fetchone():
                return
            run = run_key(connection, run_id)
            connection.execute("INSERT OR IGNORE INTO garbage SELECT sha256 FROM artifacts WHERE run = ?", (run,))
            for table in (*RUN_TABLES, "runs"):
                connection.execute(f"DELETE FROM {table} WHERE run = ?", (run,))
            connection.execute("DELETE FROM objects WHERE kind = 'run' AND key = ?", (run_id,))
            connection.execute("INSERT INTO purged_runs VALUES (?)", (run_id,))
        sweep(self._database, self._blobs)


def _insert_run(connection: sqlite3.Connection, header: RunHeader, name: str | None) -> None:
    inserted = connection.execute(
        "INSERT INTO runs (id, experiment, name, started_ms, parent)"
        " SELECT ?, experiment, ?, ?, ? FROM experiments WHERE name = ?",
        (header.id, name, header.started_ms, header.parent, header.experiment),
    )
    if inserted.rowcount != 1:
        raise no_experiment(header.experiment)


def _write_params(connection: sqlite3.Connection, run: int, params: Mapping[str, ParamValue]) -> tuple[Refused, ...]:
    refused = []
    for name, value in params.items():
        stored = from_param(value)
        if connection.execute("INSERT OR IGNORE INTO params VALUES (?, ?, ?, ?)", (run, name, *stored)).rowcount:
            continue
        held = connection.execute("SELECT type, value FROM params WHERE run = ? AND name = ?", (run, name)).fetchone()
        if held != stored:
            refused.append(other_param(name, to_param(*held), value))
    return tuple(refused)


# Of two writes the greatest stamp wins (T1).
_GREATEST = "(excluded.wall_ns, excluded.writer, excluded.sequence) > (wall_ns, writer, sequence)"
_WRITE_TAG = f"""INSERT INTO tags VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run, name) DO UPDATE SET
    value = excluded.value, wall_ns = excluded.wall_ns, writer = excluded.writer, sequence = excluded.sequence
    WHERE {_GREATEST}"""
_WRITE_ATTRIBUTE = f"""INSERT INTO attributes VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, name) DO UPDATE SET
    type = excluded.type, value = excluded.value,
    wall_ns = excluded.wall_ns, writer = excluded.writer, sequence = excluded.sequence
    WHERE {_GREATEST}"""


def _write_tags(connection: sqlite3.Connection, run: int, writes: Sequence[TagWrite]) -> None:
    connection.executemany(_WRITE_TAG, ((run, write.name, write.value, *write.stamp) for write in writes))


def _write_attributes(connection: sqlite3.Connection, run: int, writes: Sequence[AttributeWrite]) -> None:
    rows = ((run, write.name, *from_param(write.value), *write.stamp) for write in writes)
    connection.executemany(_WRITE_ATTRIBUTE, rows)
    if any(write.name == "name" for write in writes):
        connection.execute(
            "UPDATE runs SET name = (SELECT value FROM attributes WHERE run = ? AND name = 'name') WHERE run = ?",
            (run, run),
        )


def _write_datasets(connection: sqlite3.Connection, run: int, datasets: Sequence[DatasetRecord]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((run, d.name, d.version, d.digest, d.uri, d.context, d.schema, d.rows) for d in datasets),
    )


def _write_status(connection: sqlite3.Connection, run: int, write: StatusWrite) -> None:
    """Keep the greatest of the two keys: epoch, ended over RUNNING, stamp (R5)."""
    key = (write.epoch, write.status != "RUNNING", *write.stamp)
    connection.execute(
        """UPDATE runs SET status = ?, ended_ms = ?, epoch = max(epoch, ?),
        status_epoch = ?, status_wall_ns = ?, status_writer = ?, status_sequence = ?
        WHERE run = ? AND (?, ?, ?, ?, ?) >
        (status_epoch, status != 'RUNNING', status_wall_ns, status_writer, status_sequence)""",
        (write.status, write.ended_ms, write.epoch, write.epoch, *write.stamp, run, *key),
    )
