"""Searching many runs in a local store, against hand-written SQL that makes the same records."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.rounds import Measurement, Scale, compare
from trackbridge.protocol import open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint, MetricSummary
from trackbridge.records.runs import RunRecord
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite
from trackbridge.store import connect

GOAL = 0.5
WHERE = "metrics.loss < 0.5 and params.depth >= 3 and tags.team = 'risk'"
MATCHING = """SELECT runs.run, runs.id, runs.name, experiments.name, status, started_ms, ended_ms, parent
    FROM runs JOIN experiments USING (experiment)
    JOIN metrics ON metrics.run = runs.run AND metrics.name = 'loss'
    JOIN params ON params.run = runs.run AND params.name = 'depth'
    JOIN tags ON tags.run = runs.run AND tags.name = 'team'
    WHERE runs.deleted = 0 AND metrics.last < 0.5 AND params.value >= 3 AND tags.value = 'risk'
    ORDER BY started_ms DESC, runs.id"""


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Search stores of several sizes; a quarter of the runs match."""
    for runs in scale.runs:
        with tempfile.TemporaryDirectory() as folder:
            fill(folder, runs)
            with (
                connect(f"local://{folder}") as store,
                closing(sqlite3.connect(Path(folder) / "trackbridge.db")) as database,
            ):
                found = list(store.runs.search(WHERE))
                assert _comparable(found) == _comparable(by_hand(database))
                assert found
                yield compare(
                    f"runs.search, {len(found):,} of {runs:,} runs, local",
                    lambda: list(store.runs.search(WHERE)),
                    lambda: by_hand(database),
                    rounds=scale.rounds,
                    goal=GOAL,
                )


def by_hand(database: sqlite3.Connection) -> list[RunRecord]:
    """Do what a careful person would write for this one query."""
    heads = database.execute(MATCHING).fetchall()
    keys = json.dumps([head[0] for head in heads])

    def parts(table: str, columns: str) -> defaultdict[int, dict[str, Any]]:
        grouped: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        select = f"SELECT run, name, {columns} FROM {table} WHERE run IN (SELECT value FROM json_each(?))"
        for run, name, *rest in database.execute(select, (keys,)):
            grouped[run][name] = rest[0] if len(rest) == 1 else rest
        return grouped

    params, tags = parts("params", "value"), parts("tags", "value")
    attributes = parts("attributes", "value")
    metrics = parts("metrics", "last, last_step, last_timestamp_ms, min, max, count")
    return [
        RunRecord(
            id=run_id,
            name=name,
            experiment=experiment,
            status=status,
            started_ms=started_ms,
            ended_ms=ended_ms,
            parent=parent,
            params=params[run],
            tags=tags[run],
            metrics={metric: MetricSummary(*summary) for metric, summary in metrics[run].items()},
            attributes={attribute: value for attribute, value in attributes[run].items() if attribute != "name"},
            native_id=run_id,
        )
        for run, run_id, name, experiment, status, started_ms, ended_ms, parent in heads
    ]


def _comparable(runs: list[RunRecord]) -> list[tuple[Any, ...]]:
    return [(run.id, run.name, run.status, run.params, run.tags, run.metrics, run.attributes) for run in runs]


def fill(folder: str, runs: int) -> None:
    """Write runs with eight params, two tags, two attributes and three metrics each."""
    backend = open_backend(f"local://{folder}")
    backend.adapter.experiments.ensure("benchmark")
    for n in range(runs):
        started_ms = 1_700_000_000_000 + n
        stamp = Stamp(started_ms * 1_000_000, "benchmark", 0)
        writes = RunWrites(
            params={"depth": n % 6, "lr": 0.1 / (n + 1), "kind": "tree", **{f"p{i}": i for i in range(5)}},
            tags=(TagWrite("team", "risk" if n % 2 else "core", stamp), TagWrite("owner", f"user-{n % 10}", stamp)),
            attributes=(AttributeWrite("name", f"run-{n}", stamp), AttributeWrite("source.host", "bench", stamp)),
            status=StatusWrite(0, "FINISHED", started_ms + 1_000, stamp),
        )
        loss = (n % 8) / 10
        points = [MetricPoint(name, step, started_ms, loss) for name in ("loss", "auc", "acc") for step in range(2)]
        backend.adapter.bulk.load(RunHeader(new_run_id(), "benchmark", started_ms), writes, [points])
    backend.adapter.close()
