"""Whole runs out of their tables: a page of them in a few queries."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

from trackbridge.adapters.local.codec import to_float, to_param
from trackbridge.adapters.refusals import no_run
from trackbridge.protocol import NativeRun
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricSummary

__all__ = ["PAGE", "keys_of", "load", "marks", "padded", "run_key"]

PAGE: Final = 250  # runs; older SQLites bind 999 values at most


def run_key(connection: sqlite3.Connection, run_id: str) -> int:
    """Give the key of a run, a deleted one too; raise `NotFound` where there is none."""
    row = connection.execute("SELECT run FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise no_run(run_id)
    return int(row[0])


def keys_of(connection: sqlite3.Connection, run_ids: Sequence[str]) -> list[int]:
    """Give the keys of the runs that exist."""
    keys: list[int] = []
    for start in range(0, len(run_ids), PAGE):
        page = run_ids[start : start + PAGE]
        rows = connection.execute(f"SELECT run FROM runs WHERE id IN ({marks(page)})", padded(page))
        keys += [key for (key,) in rows]
    return keys


def marks(page: Sequence[Any]) -> str:
    """Give the placeholders of an IN list: as many as a full page has, so that SQLite prepares two statements only."""
    return "?" if len(page) == 1 else ",".join("?" * PAGE)


def padded(page: Sequence[Any]) -> Sequence[Any]:
    """Fill a page up with NULL, which IN never finds."""
    return page if len(page) == 1 else (*page, *[None] * (PAGE - len(page)))


_Maps: TypeAlias = defaultdict[int, dict[str, Any]]

_RUNS = """SELECT run, id, experiments.name, runs.name, status, started_ms, ended_ms, parent, epoch, runs.deleted
FROM runs JOIN experiments USING (experiment) WHERE run IN ({})"""
_PARAMS = "SELECT run, name, type, value FROM params WHERE run IN ({})"
_TAGS = "SELECT run, name, value FROM tags WHERE run IN ({}) AND value IS NOT NULL"
_ATTRIBUTES = "SELECT run, name, type, value FROM attributes WHERE run IN ({}) AND type != 'none' AND name != 'name'"
_METRICS = "SELECT run, name, last, last_step, last_timestamp_ms, min, max, count FROM metrics WHERE run IN ({})"
_DATASETS = "SELECT run, name, version, digest, uri, context, schema, rows FROM datasets WHERE run IN ({})"
_SIDECARS = """SELECT run, objects.name, data FROM runs CROSS JOIN objects ON kind = 'run' AND key = runs.id
WHERE run IN ({}) AND objects.name >= 'sidecar/' AND objects.name < 'sidecar0' ORDER BY objects.name"""


def load(connection: sqlite3.Connection, keys: Sequence[int]) -> list[NativeRun]:
    """Give the runs of these keys, in their order; a key that is no more is left out."""
    if not keys:
        return []

    def select(statement: str) -> sqlite3.Cursor:
        return connection.execute(statement.format(marks(keys)), padded(keys))

    params, attributes = _typed(select(_PARAMS)), _typed(select(_ATTRIBUTES))
    tags, sidecars = _plain(select(_TAGS)), _plain(select(_SIDECARS))
    metrics, datasets = _summaries(select(_METRICS)), _datasets(select(_DATASETS))
    rows = {row[0]: row[1:] for row in select(_RUNS)}
    return [
        NativeRun(
            id=(row := rows[key])[0],
            native_id=row[0],
            experiment=row[1],
            name=row[2],
            status=row[3],
            started_ms=row[4],
            ended_ms=row[5],
            parent=row[6],
            epoch=row[7],
            params=params[key],
            tags=tags[key],
            metrics=metrics[key],
            datasets=tuple(sorted(datasets[key], key=lambda dataset: dataset.key)),
            attributes=attributes[key],
            deleted=bool(row[8]),
            sidecar=sidecars[key],
        )
        for key in keys
        if key in rows
    ]


def _typed(rows: Iterable[tuple[int, str, str, Any]]) -> _Maps:
    maps: _Maps = defaultdict(dict)
    for run, name, kind, value in rows:
        maps[run][name] = to_param(kind, value)
    return maps


def _plain(rows: Iterable[tuple[int, str, Any]]) -> _Maps:
    maps: _Maps = defaultdict(dict)
    for run, name, value in rows:
        maps[run][name] = value
    return maps


def _summaries(rows: Iterable[tuple[int, str, Any, int, int, Any, Any, int]]) -> _Maps:
    maps: _Maps = defaultdict(dict)
    for run, name, last, step, timestamp_ms, least, greatest, count in rows:
        summary = MetricSummary(to_float(last), step, timestamp_ms, to_float(least), to_float(greatest), count)
        maps[run][name] = summary
    return maps


def _datasets(rows: Iterable[tuple[Any, ...]]) -> defaultdict[int, list[DatasetRecord]]:
    lists: defaultdict[int, list[DatasetRecord]] = defaultdict(list)
    for run, *fields in rows:
        lists[run].append(DatasetRecord(*fields))
    return lists
