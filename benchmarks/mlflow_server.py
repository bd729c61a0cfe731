"""Writing to a real MLflow server and reading back from it, against loops written by hand with MLflow's own client."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import trackbridge as tb
from benchmarks.rounds import Measurement, Scale, compare, in_turns, ratio

BATCH_GOAL, SINGLE_GOAL, READ_GOAL = 0.9, 20.0, 0.8

_EXPERIMENT = "benchmark"
_SERIES = tuple(f"metric-{n}" for n in range(5))
_BATCH_POINTS = 1_000  # all that MLflow takes at once
_SINGLE_POINTS = 200  # a request each, so that a few show the pace
_FINISH_S = 3_600.0


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Write and read on a server over SQLite and on one over PostgreSQL, or on those that were named."""
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        tb.configure(journal_dir=f"{folder}/journals", finish_timeout_s=_FINISH_S)
        for database in scale.servers.databases:
            yield from _on(database, scale.servers.url(database), scale)


def _on(database: str, url: str, scale: Scale) -> Iterator[Measurement]:
    backend, by_hand, count = f"mlflow+{url}", ByHand(url), scale.sent_points
    # Before anything is measured, both load MLflow and meet the server.
    _write(backend, _BATCH_POINTS)
    by_hand.write_batches(_BATCH_POINTS)
    runs: list[str] = []
    ours, batches, singly = in_turns(
        (
            lambda: runs.append(_write(backend, count)),
            lambda: by_hand.write_batches(count),
            lambda: by_hand.write_singly(_SINGLE_POINTS),
        ),
        scale.rounds,
    )
    where = f"MLflow on {database}"
    yield ratio(f"{count:,} points to {where}, against log_batch", ours, batches, goal=BATCH_GOAL)
    all_singly = [seconds * count / _SINGLE_POINTS for seconds in singly]
    yield ratio(f"{count:,} points to {where}, against log_metric", ours, all_singly, goal=SINGLE_GOAL)
    with tb.connect(backend) as store:
        native = str(store.runs.get(runs[-1]).native_id)
        assert sorted(store.metrics.read(runs[-1])) == sorted(by_hand.read(native))
        yield compare(
            f"{count:,} points from {where}, against get_metric_history",
            lambda: sum(1 for _ in store.metrics.read(runs[-1])),
            lambda: by_hand.read(native),
            rounds=scale.rounds,
            goal=READ_GOAL,
        )


def _write(backend: str, count: int) -> str:
    """Log points as a training script does, and wait until the server has them all; give the run's id."""
    run = tb.start_run(_EXPERIMENT, backend=backend, capture=False)
    for n in range(count):
        run.log_metric(_SERIES[n % len(_SERIES)], 1 / (n + 1), step=n // len(_SERIES))
    (delivery,) = run.finish()
    assert (delivery.queued, delivery.rejected) == (0, 0), delivery
    return run.id


class ByHand:
    """What a careful person would write with MLflow's client, for this one purpose."""

    def __init__(self, url: str) -> None:
        from mlflow import MlflowClient

        self._client = MlflowClient(url)
        self._experiment = self._client.create_experiment(f"by-hand-{time.time_ns()}")

    def write_batches(self, count: int) -> None:
        points = self._points(count)
        with self._run() as run:
            for first in range(0, count, _BATCH_POINTS):
                self._client.log_batch(run, metrics=points[first : first + _BATCH_POINTS])

    def write_singly(self, count: int) -> None:
        with self._run() as run:
            for point in self._points(count):
                self._client.log_metric(run, point.key, point.value, point.timestamp, point.step)

    def read(self, run: str) -> list[tuple[str, int, int, float]]:
        """Give (name, step, timestamp in ms, value) of every point."""
        return [
            (name, point.step, point.timestamp, point.value)
            for name in self._client.get_run(run).data.metrics
            for point in self._client.get_metric_history(run, name)
        ]

    @contextmanager
    def _run(self) -> Iterator[str]:
        run = self._client.create_run(self._experiment).info.run_id
        yield run
        self._client.set_terminated(run)

    def _points(self, count: int) -> list[Any]:
        from mlflow.entities import Metric

        return [
            Metric(_SERIES[n % len(_SERIES)], 1 / (n + 1), time.time_ns() // 1_000_000, n // len(_SERIES))
            for n in range(count)
        ]
