"""Reading a long series from a local store, against a SELECT on the same file."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.rounds import Measurement, Scale, compare
from trackbridge.protocol import open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites
from trackbridge.store import connect

GOAL = 0.5
SELECT = """SELECT metrics.name, step, timestamp_ms, value FROM points JOIN metrics USING (run, series)
    JOIN runs USING (run) WHERE runs.id = ? AND metrics.name = 'loss' ORDER BY step, timestamp_ms, value"""


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Read one series point by point, and as an Arrow table."""
    with tempfile.TemporaryDirectory() as folder:
        run = fill(folder, scale.points)
        with (
            connect(f"local://{folder}") as store,
            closing(sqlite3.connect(Path(folder) / "trackbridge.db")) as database,
        ):
            assert list(store.metrics.read(run)) == database.execute(SELECT, (run,)).fetchall()

            def points() -> None:
                deque(store.metrics.read(run, ["loss"]), maxlen=0)

            def rows() -> None:
                deque(database.execute(SELECT, (run,)), maxlen=0)

            def table() -> Any:
                return store.metrics.table(run, ["loss"])

            def arrays() -> Any:
                columns = zip(*database.execute(SELECT, (run,)), strict=True)
                names = ("name", "step", "timestamp_ms", "value")
                return pa.table(dict(zip(names, map(pa.array, columns), strict=True)))

            count = f"{scale.points:,} points, local"
            yield compare(f"metrics.read, {count}", points, rows, rounds=scale.rounds, goal=GOAL)
            yield compare(f"metrics.table, {count}", table, arrays, rounds=scale.rounds, goal=GOAL)


def fill(folder: str, points: int) -> str:
    """Write one run with one metric; give its id."""
    backend = open_backend(f"local://{folder}")
    header = RunHeader(new_run_id(), "benchmark", started_ms=1_700_000_000_000)
    backend.adapter.experiments.ensure(header.experiment)
    series = [MetricPoint("loss", step, header.started_ms + step, 1 / (step + 1)) for step in range(points)]
    backend.adapter.bulk.load(header, RunWrites(), [series])
    backend.adapter.close()
    return header.id
