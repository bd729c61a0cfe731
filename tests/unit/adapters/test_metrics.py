from __future__ import annotations

import math
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trackbridge.protocol import Scope
from trackbridge.records.metrics import MAX_STEP, MIN_STEP, MetricPoint, point_key, summarize
from trackbridge.records.times import MAX_TIME_MS
from trackbridge.records.writes import RunHeader, RunWrites

NASTY = [math.nan, -math.inf, -1.5, -5e-324, -0.0, 0.0, 5e-324, 1.0, 1.7976931348623157e308, math.inf]


def bits(points):
    """Compare floats bit by bit, with one NaN for all."""
    return [
        (p.name, p.step, p.timestamp_ms, "nan" if math.isnan(p.value) else struct.pack(">d", p.value)) for p in points
    ]


def test_every_value_comes_back_in_order(adapter, run_id):
    points = [MetricPoint("m", step, 7, value) for step in (5, -2, 2**40) for value in reversed(NASTY)]
    assert adapter.metrics.write(run_id, points) == ()
    assert bits(adapter.metrics.read(run_id)) == bits(
        MetricPoint("m", step, 7, value) for step in (-2, 5, 2**40) for value in NASTY
    )


def test_the_edges_of_steps_and_times(adapter, run_id):
    points = [MetricPoint("m", step, time, 1.0) for step in (MIN_STEP, -1, 0, MAX_STEP) for time in (0, MAX_TIME_MS)]
    adapter.metrics.write(run_id, points[::-1])
    assert list(adapter.metrics.read(run_id)) == points


def test_a_point_sent_again_is_nothing(adapter, run_id):
    points = [MetricPoint("m", step, step, value) for step in range(50) for value in NASTY]
    for _ in range(2):
        adapter.metrics.write(run_id, points)
    adapter.metrics.write(run_id, [*points[40:60], *points[40:60], MetricPoint("m", 99, 0, math.nan)])

    assert len(list(adapter.metrics.read(run_id))) == len(points) + 1
    summary = adapter.runs.get([run_id])[run_id].metrics["m"]
    assert (summary.count, summary.last_step, summary.min, summary.max) == (len(points) + 1, 99, -math.inf, math.inf)
    assert math.isnan(summary.last)


def test_points_are_read_by_name_then_in_order(adapter, run_id):
    names = ["b", "a", "loss/é", "\U0001f600", "\uffee", "metrics.loss`; DROP TABLE points --"]
    adapter.metrics.write(run_id, [MetricPoint(name, 0, 0, 1.0) for name in names])
    assert [point.name for point in adapter.metrics.read(run_id)] == sorted(names)
    assert [point.name for point in adapter.metrics.read(run_id, ["b", "none", "a", "b"])] == ["a", "b"]
    assert list(adapter.metrics.read(run_id, [])) == []


def test_points_are_tuples_that_name_their_fields(adapter, run_id):
    adapter.metrics.write(run_id, [MetricPoint("m", 1, 2, 3.0), MetricPoint("m", 1, 2, math.nan)])
    nan, plain = adapter.metrics.read(run_id)
    assert (type(plain), plain.name, plain.step, plain.timestamp_ms, plain.value) == (MetricPoint, "m", 1, 2, 3.0)
    assert (type(nan), type(nan.value)) == (MetricPoint, float)


def test_series_of_two_runs_do_not_touch(adapter, run_id, start):
    other = start(adapter)
    adapter.metrics.write(run_id, [MetricPoint("m", 0, 0, 1.0), MetricPoint("n", 0, 0, 2.0)])
    adapter.metrics.write(other, [MetricPoint("n", 0, 0, 3.0)])
    assert [point.value for point in adapter.metrics.read(other)] == [3.0]
    adapter.runs.purge(run_id)
    assert [point.value for point in adapter.metrics.read(other)] == [3.0]


def test_a_series_longer_than_a_chunk_with_ties_across_its_edge(adapter, run_id):
    """Chunks of 10,000: the tie around step 9,999 has its NaN and −0.0 in the second."""
    ties = [MetricPoint("m", 9_990, 0, float(n)) for n in range(-15, 15)]
    ties += [MetricPoint("m", 9_990, 0, math.nan), MetricPoint("m", 9_990, 0, -0.0)]
    points = [MetricPoint("m", step, 0, 0.5) for step in range(25_000) if step != 9_990] + ties
    adapter.metrics.write(run_id, points)
    assert bits(adapter.metrics.read(run_id)) == bits(sorted(points, key=point_key))


def test_one_tie_that_is_longer_than_a_chunk(adapter, run_id):
    points = [MetricPoint("m", 0, 0, n / 3) for n in range(-11_000, 11_000)] + [MetricPoint("m", 0, 0, math.nan)]
    adapter.metrics.write(run_id, points)
    assert bits(adapter.metrics.read(run_id)) == bits(sorted(points, key=point_key))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    batches=st.lists(
        st.lists(
            st.builds(
                MetricPoint,
                st.sampled_from(["a", "b"]),
                st.integers(-2, 2),
                st.integers(0, 1),
                st.sampled_from(NASTY) | st.floats(width=64),
            ),
            max_size=12,
        ),
        max_size=5,
    )
)
def test_series_and_summaries_are_those_of_the_set(adapter, start, batches):
    run_id = start(adapter)
    sets: dict[str, dict[tuple[int, int, int], MetricPoint]] = {}
    for batch in batches:
        adapter.metrics.write(run_id, batch)
        for point in batch:
            sets.setdefault(point.name, {})[point_key(point)] = point
    expected = {name: [points[key] for key in sorted(points)] for name, points in sorted(sets.items())}

    assert bits(adapter.metrics.read(run_id)) == bits(point for points in expected.values() for point in points)
    found = adapter.runs.get([run_id])[run_id].metrics
    assert repr(dict(sorted(found.items()))) == repr({name: summarize(points) for name, points in expected.items()})


def test_reading_while_writing_to_the_same_run(adapter, run_id):
    adapter.metrics.write(run_id, [MetricPoint("m", step, 0, 0.0) for step in range(15_000)])
    walk = adapter.metrics.read(run_id)
    steps = [next(walk).step]
    adapter.metrics.write(run_id, [MetricPoint("m", -1, 0, 0.0), MetricPoint("m", 20_000, 0, 0.0)])
    steps += [point.step for point in walk]
    assert steps == sorted(set(steps))
    assert set(range(15_000)) <= set(steps)


@pytest.mark.parametrize("size", [1, 7])
def test_bulk_loads_a_run_whole(adapter, size):
    adapter.experiments.ensure("e")
    header = RunHeader("a" * 32, "e", 5)
    points = [MetricPoint("m", step, 0, step / 7) for step in range(20)]
    batches = [points[n : n + size] for n in range(0, len(points), size)]
    for _ in range(2):
        objects = iter([("sidecar/a", b"1"), ("environment/b", b"")])
        assert adapter.bulk.load(header, RunWrites({"p": 1}), iter(batches), objects=objects) == ()
    (refused,) = adapter.bulk.load(header, RunWrites({"p": 2}), ())

    assert refused.name == "p"
    assert list(adapter.metrics.read(header.id)) == points
    scope = Scope("run", header.id)
    assert [(one.name, adapter.objects.get(scope, one.name)) for one in adapter.objects.list(scope)] == [
        ("environment/b", b""),
        ("sidecar/a", b"1"),
    ]
