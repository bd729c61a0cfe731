"""Series in SQLite (M1–M5)."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from operator import itemgetter
from typing import Final

from trackbridge.adapters.local.codec import from_float, to_float
from trackbridge.adapters.local.database import Database
from trackbridge.adapters.local.rows import run_key
from trackbridge.protocol import Refused
from trackbridge.records.metrics import MetricPoint, MetricSummary, point_key, value_key

__all__ = ["LocalMetrics"]

_CHUNK: Final = 10_000  # points in memory at a time while reading

_SUMMARY = "series, last, last_step, last_timestamp_ms, min, max, count"


class LocalMetrics:
    """See `trackbridge.protocol.MetricStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, run_id: str, points: Sequence[MetricPoint]) -> tuple[Refused, ...]:
        """Add points to the sets, and bring the summaries up to date with them."""
        by_name: defaultdict[str, list[MetricPoint]] = defaultdict(list)
        for point in points:
            by_name[point[0]].append(point)
        with self._database.write() as connection:
            run = run_key(connection, run_id)
            for name, series in by_name.items():
                _add(connection, run, name, series)
        return ()

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give every point of these metrics, or of all, as they were at the first one asked for."""
        wanted = None if names is None else set(names)
        with self._database.read() as connection:
            run = run_key(connection, run_id)
            series = connection.execute(
                "SELECT name, series FROM metrics WHERE run = ? ORDER BY name", (run,)
            ).fetchall()
            for name, number in series:
                if wanted is None or name in wanted:
                    yield from _points(connection, run, name, number)


def _points(connection: sqlite3.Connection, run: int, name: str, series: int) -> Iterator[MetricPoint]:
    cursor = connection.execute(
        "SELECT ?, step, timestamp_ms, value FROM points WHERE run = ? AND series = ?"
        " ORDER BY step, timestamp_ms, value",
        (name, run, series),
    )
    held: list[tuple[str, int, int, float | str]] = []
    while rows := cursor.fetchmany(_CHUNK):
        rows = held + rows
        cut = _last_tie(rows)
        held = rows[cut:]
        yield from _ordered(rows[:cut])
    yield from _ordered(held)


def _last_tie(rows: Sequence[tuple[str, int, int, float | str]]) -> int:
    """Give where the last group of one (step, timestamp) begins: it may go on in the next chunk."""
    cut = len(rows) - 1
    while cut and rows[cut - 1][1:3] == rows[-1][1:3]:
        cut -= 1
    return cut


def _ordered(rows: Sequence[tuple[str, int, int, float | str]]) -> Iterable[MetricPoint]:
    """Decode whole groups; SQLite has put the texts 'NaN' and '-0.0' last in theirs, where M4 does not want them."""
    if str in set(map(type, map(itemgetter(3), rows))):
        points = (MetricPoint(name, step, time, to_float(value)) for name, step, time, value in rows)
        return sorted(points, key=point_key)
    return map(tuple.__new__, repeat(MetricPoint), rows)


def _add(connection: sqlite3.Connection, run: int, name: str, points: Sequence[MetricPoint]) -> None:
    steps, times, values = (list(map(itemgetter(field), points)) for field in (1, 2, 3))
    row = connection.execute(f"SELECT {_SUMMARY} FROM metrics WHERE run = ? AND name = ?", (run, name)).fetchone()
    series = row[0] if row else _next_series(connection, run)
    before = connection.total_changes
    connection.executemany(
        "INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?, ?)",
        zip(repeat(run), repeat(series), steps, times, map(from_float, values)),
    )
    if not (added := connection.total_changes - before):
        return
    # Points sent again change neither the last nor the extremes of a set; only the count must know the new ones.
    summary = replace(_summary(steps, times, values), count=added)
    if row:
        _, last, step, time, least, greatest, count = row
        summary = summary.merged(MetricSummary(to_float(last), step, time, to_float(least), to_float(greatest), count))
    connection.execute(
        "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run,
            name,
            series,
            from_float(summary.last),
            summary.last_step,
            summary.last_timestamp_ms,
            from_float(summary.min),
            from_float(summary.max),
            summary.count,
        ),
    )


def _next_series(connection: sqlite3.Connection, run: int) -> int:
    (count,) = connection.execute("SELECT count(*) FROM metrics WHERE run = ?", (run,)).fetchone()
    return int(count)


def _summary(steps: Sequence[int], times: Sequence[int], values: Sequence[float]) -> MetricSummary:
    """Summarize points of which some may be equal; the count is not to be used."""
    keys = list(map(value_key, values))
    step, time, _, last = max(zip(steps, times, keys, values, strict=True))
    numbers = [value for value in values if value == value]  # noqa: PLR0124 - false of NaN alone
    least = min(numbers, key=value_key) if numbers else last
    return MetricSummary(last, step, time, least, max(values, key=value_key), len(values))
