"""Points split and merged: the set comes back in order, streamed (X3, M1, M2, M4)."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.protocol import Limits, NativeMetric, NativeRun
from trackbridge.records.metrics import MetricPoint, MetricSummary, point_key, summarize
from trackbridge.sidecar import PointsEntry, PointSplitter, merge_points, merge_run, split_points

NAMES = ["loss", "Loss", "val loss", "文", "a/b", "z" * 100, "~"]
values = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1.0])
points = st.lists(
    st.builds(
        MetricPoint,
        st.sampled_from(NAMES),
        st.integers(-3, 5) | st.sampled_from([2**41, -(2**63), 2**63 - 1]),
        st.integers(0, 4),
        values,
    ),
    max_size=40,
)


def ordered(written):
    unique = {(p.name, point_key(p)): p for p in written}
    return [(p.name, *point_key(p)) for _, p in sorted(unique.items())]


def keys(stream):
    return [(p.name, *point_key(p)) for p in stream]


@pytest.mark.parametrize("per_step", ["all", "last"])
@given(written=points, cuts=st.lists(st.integers(1, 10), min_size=40, max_size=40), data=st.data())
def test_any_points_come_back_as_a_set_in_order(make_vendor, poor, stored, per_step, written, cuts, data):
    limits = replace(poor, points_per_step=per_step)
    vendor, splitter, entries, rest = make_vendor(limits), PointSplitter(limits), [], list(written)
    for cut in cuts:
        native, more = splitter.split(rest[:cut])
        vendor.write_points(native)
        entries += more
        rest = rest[cut:]
    data.draw(st.randoms()).shuffle(entries)
    entries = stored(entries)
    assert keys(merge_points(vendor.read, vendor.points, entries)) == ordered(written)
    for names in (["loss"], ["文", "absent"], ["z" * 100, "a/b", "Loss"], []):
        expected = ordered([p for p in written if p.name in names])
        assert keys(merge_points(vendor.read, vendor.points, entries, names)) == expected


@pytest.mark.parametrize("last_only", [True, False])
@given(written=points)
def test_summaries_are_right_or_said_to_be_partial(make_vendor, poor, stored, last_only, written):
    vendor = make_vendor()
    native, entries = split_points(written, poor)
    vendor.write_points(native)
    entries = stored(entries)
    merged = merge_run(vendor.native(last_only=last_only), entries)
    truth = {}
    for name in {p.name for p in written}:
        unique = {point_key(p): p for p in written if p.name == name}
        truth[name] = summarize(unique.values())
    assert merged.run.metrics.keys() | merged.partial.keys() == truth.keys()
    assert not merged.run.metrics.keys() & merged.partial.keys()
    if not last_only:
        assert not merged.partial
    for name, summary in merged.run.metrics.items():
        assert repr(summary) == repr(truth[name])
    for name, known in merged.partial.items():
        assert known.last is None or repr(known.last) == repr(truth[name].last)
        assert known.last_step in (None, truth[name].last_step)


def test_limits_that_hold_everything_change_nothing():
    written = [MetricPoint("文", step, 0, value) for step, value in enumerate((math.nan, -0.0, 5e-324, -math.inf))]
    native, entries = split_points(written, Limits())
    assert native == written
    assert entries == ()


def test_two_writers_of_one_step_lose_nothing(make_vendor, poor):
    """Where a second point at one step replaces the first, a second writer has series of its own."""
    limits = replace(poor, points_per_step="last")
    vendor, entries, written = make_vendor(limits), [], []
    for writer, salt in (("a", ""), ("b", "b" * 16)):
        own = [MetricPoint("loss", step, 7, float(step) + (writer == "b")) for step in range(5)]
        native, more = PointSplitter(limits, salt=salt).split(own)
        vendor.write_points(native)
        entries += more
        written += own
    assert keys(merge_points(vendor.read, vendor.points, entries)) == ordered(written)
    merged = merge_run(vendor.native(), entries)
    assert merged.run.metrics == {}
    assert merged.partial["loss"] == NativeMetric(5.0, 4, 7, 0.0, 5.0, None)


def test_a_resumed_writer_replaces_nothing(poor):
    splitter = PointSplitter(replace(poor, points_per_step="last"), greatest={"loss": 9})
    native, entries = splitter.split([MetricPoint("loss", step, 0, 1.0) for step in (8, 9, 10, 10)])
    assert [point.step for point in native] == [10]
    (extra,) = entries
    assert isinstance(extra, PointsEntry)
    assert not extra.exclusive


def test_a_redelivered_point_is_one(make_vendor, poor):
    limits = replace(poor, points_per_step="last")
    vendor, entries = make_vendor(limits), []
    for greatest in ({}, {"loss": 1}):  # the second time, after a crash, the writer starts from what is there
        native, more = PointSplitter(limits, greatest=greatest).split([MetricPoint("loss", s, 0, 1.0) for s in (0, 1)])
        vendor.write_points(native)
        entries += more
    assert [p.step for p in merge_points(vendor.read, vendor.points, entries)] == [0, 1]


def test_only_what_is_asked_for_is_read(make_vendor, poor):
    vendor = make_vendor()
    native, entries = split_points([MetricPoint(name, 0, 0, 1.0) for name in ("a", "b", "c d")], poor)
    vendor.write_points(native)
    asked = []

    def read(names):
        asked.append(names)
        return vendor.read(names)

    assert [p.name for p in merge_points(read, vendor.points, entries, ["b"])] == ["b"]
    assert asked == [["b"]]
    asked.clear()
    assert [p.name for p in merge_points(read, vendor.points, (), None)] == sorted(vendor.points)
    assert asked == [None]


def test_a_long_series_is_streamed(poor):
    """One extra point in ten million must not make the reader hold them."""
    given_out = 0

    def read(_names):
        nonlocal given_out
        for step in range(10**9):
            given_out += 1
            yield MetricPoint("loss", step, 0, 1.0)

    _, entries = split_points([MetricPoint("loss", 3, 0, math.inf)], poor)
    stream = merge_points(read, ["loss"], entries)
    assert [next(stream).step for _ in range(5)] == [0, 1, 2, 3, 3]
    assert given_out < 10


def test_a_complete_native_summary_needs_no_reading(poor):
    _, entries = split_points([MetricPoint("loss", 9, 1, math.inf)], poor)
    native = replace(_run(), metrics={"loss": NativeMetric(1.0, 5, 1, 0.5, 2.0, 6)})
    assert merge_run(native, entries).run.metrics["loss"] == MetricSummary(math.inf, 9, 1, 0.5, math.inf, 7)


def _run():

    return NativeRun("0" * 32, "n", "e", None, "RUNNING", 0)


def test_splitting_is_linear():
    limits = Limits(special_values=frozenset())
    written = [MetricPoint("loss", step, step, random.Random(step).random() + 1) for step in range(20_000)]
    native, entries = split_points(written, limits)
    assert native == written
    assert entries == ()
