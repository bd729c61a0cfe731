"""Points: every bit that MLflow keeps, in order, in full batches and pages."""

from __future__ import annotations

import math
import random

from trackbridge.records.metrics import MAX_STEP, MIN_STEP, MetricPoint, point_key
from trackbridge.records.times import MAX_TIME_MS


def test_the_ends_of_steps_times_and_values(adapter, start):
    run_id = start()
    points = [
        MetricPoint("m", MIN_STEP, MAX_TIME_MS, 5e-324),
        MetricPoint("m", -1, 0, -1.7976931348623157e308),
        MetricPoint("m", 0, 0, math.nan),
        MetricPoint("m", 0, 0, 0.1),
        MetricPoint("m", 0, 1, 0.1),
        MetricPoint("m", MAX_STEP, 0, 1 / 3),
    ]
    for _ in range(2):
        adapter.metrics.write(run_id, points[::-1])
    read = list(adapter.metrics.read(run_id))
    assert [(point_key(p), p.name) for p in read] == [(point_key(p), p.name) for p in points]


def test_by_name_then_by_step(adapter, start):
    run_id = start()
    points = [MetricPoint(name, step, 9 - step, 1.0) for name in ("Z", "a", "a/b", "é") for step in range(3)]
    adapter.metrics.write(run_id, random.Random(1).sample(points, len(points)))
    assert list(adapter.metrics.read(run_id)) == points
    assert list(adapter.metrics.read(run_id, ["é", "absent", "Z"])) == [p for p in points if p.name in "Zé"]


def test_more_than_a_page(adapter, start):
    run_id = start()
    points = [MetricPoint("m", step, 60_000 - step, step / 7) for step in range(26_000)]
    adapter.metrics.write(run_id, points)
    assert list(adapter.metrics.read(run_id)) == points


def test_what_mlflow_calls_latest(adapter, start):
    run_id = start()
    adapter.metrics.write(
        run_id, [MetricPoint("m", 3, 1, 2.5), MetricPoint("m", 2, 9, 8.0), MetricPoint("n", 0, 0, math.nan)]
    )
    metrics = adapter.runs.get([run_id])[run_id].metrics
    assert (metrics["m"].last, metrics["m"].last_step, metrics["m"].last_timestamp_ms) == (2.5, 3, 1)
    assert metrics["n"].last is None  # MLflow keeps NaN as 0, and so may call it latest where M4 does not
