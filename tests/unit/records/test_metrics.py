"""Points, their order and their summaries (M1–M6)."""

import itertools
import math
import random
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import IntegrityError, Rejected
from trackbridge.records.digests import RunningDigest, series_digest
from trackbridge.records.metrics import (
    MAX_STEP,
    MIN_STEP,
    MetricPoint,
    MetricSummary,
    check_step,
    check_value,
    point_key,
    summarize,
    value_key,
)

NAN, INF = math.nan, math.inf
ORDERED = [NAN, -INF, -1.7976931348623157e308, -1.0, -2.2250738585072014e-308, -5e-324, -0.0,
           0.0, 5e-324, 2.2250738585072014e-308, 1.0, 1.7976931348623157e308, INF]  # fmt: skip

floats = st.floats() | st.sampled_from(ORDERED)
points = st.builds(MetricPoint, st.just("m"), st.integers(-2, 2), st.integers(0, 2), floats)
series = st.lists(points, unique_by=point_key)


def order(value):
    """M4, word by word."""
    if math.isnan(value):
        return (0,)
    if math.isinf(value):
        return (1,) if value < 0 else (3,)
    return 2, Fraction(value), math.copysign(1, value)


def same(left, right):
    return order(left) == order(right)


def test_values_are_ordered_as_m4_lists_them():
    keys = [value_key(value) for value in ORDERED]
    assert all(less < more for less, more in itertools.pairwise(keys))


@given(floats, floats)
def test_any_two_values_are_ordered_as_m4_says(left, right):
    assert (value_key(left) < value_key(right)) is (order(left) < order(right))
    assert (value_key(left) == value_key(right)) is same(left, right)
    assert MIN_STEP <= value_key(left) <= MAX_STEP


@given(series)
def test_a_summary_is_what_m4_says(found):
    summary = summarize(iter(found))
    if not found:
        assert summary is None
        return
    last = max(found, key=lambda p: (p.step, p.timestamp_ms, order(p.value)))
    numbers = [p.value for p in found if not math.isnan(p.value)]
    assert same(summary.last, last.value)
    assert (summary.last_step, summary.last_timestamp_ms) == (last.step, last.timestamp_ms)
    assert same(summary.min, min(numbers, key=order) if numbers else NAN)
    assert same(summary.max, max(numbers, key=order) if numbers else NAN)
    assert summary.count == len(found)


@given(series, st.integers(0, 10))
def test_merged_summaries_are_the_summary_of_the_union(found, cut):
    left, right = summarize(found[:cut]), summarize(found[cut:])
    if left and right:
        assert repr(left.merged(right)) == repr(summarize(found))
        assert repr(right.merged(left)) == repr(summarize(found))


@given(series, st.randoms(use_true_random=False))
def test_a_summary_does_not_depend_on_the_order(found, shuffler):
    expected = repr(summarize(found))
    shuffler.shuffle(found)
    assert repr(summarize(found)) == expected


@given(series, series)
def test_equal_series_have_equal_digests_and_others_have_not(left, right):
    left.sort(key=point_key)
    right.sort(key=point_key)
    equal = [point_key(p) for p in left] == [point_key(p) for p in right]
    assert (series_digest(left) == series_digest(right)) is equal
    bare = [[(p.step, order(p.value)) for p in points] for points in (left, right)]
    assert (series_digest(left, timed=False) == series_digest(right, timed=False)) is (bare[0] == bare[1])


@pytest.mark.parametrize("wrong", [[(0, 1, 0.0), (0, 0, 1.0)], [(1, 0, 0.0), (0, 9, 1.0)], [(0, 0, NAN), (0, 0, NAN)],
                                   [(0, 0, 0.0), (0, 0, -0.0)]])  # fmt: skip
def test_a_series_that_is_no_ordered_set_has_no_digest(wrong):
    found = [MetricPoint("m", *point) for point in wrong]
    for timed in (True, False):
        with pytest.raises(IntegrityError, match="not a set in"):
            series_digest(found, timed=timed)


def test_summary_of_many_points_is_lean():
    generator = random.Random(3)
    found = [MetricPoint("m", step, step, generator.choice([0.0, -0.0, 1.0, NAN])) for step in range(10_000)]
    assert summarize(found) == MetricSummary(found[-1].value, 9_999, 9_999, -0.0, 1.0, 10_000)


VALUES = [(1, 1.0), (2**53 + 1, 2.0**53), (np.float32(0.1), 0.10000000149011612), (np.int64(3), 3.0),
          (np.array(2.5), 2.5), (np.float64(-0.0), -0.0), (-INF, -INF), (5e-324, 5e-324)]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_numbers_are_values(value, expected):
    found = check_value(value, "m")
    assert type(found) is float
    assert same(found, expected)


@pytest.mark.parametrize("value", ["1", True, np.bool_(True), 1j, np.complex128(1), None, np.array([1.0]), [1.0], b"1",
                                   Fraction(1, 2), np.str_("1")])  # fmt: skip
def test_all_else_is_no_value(value):
    with pytest.raises(Rejected, match="must be a real number") as caught:
        check_value(value, "m")
    assert caught.value.clause == "M6"


def test_an_int_beyond_float64_is_refused():
    with pytest.raises(Rejected, match="beyond float64"):
        check_value(2**1024, "m")


@pytest.mark.parametrize("step", [0, -2, 2**40, MIN_STEP, MAX_STEP, np.int64(7), np.uint8(7), np.array(7)])
def test_int64_is_a_step(step):
    found = check_step(step, "m")
    assert type(found) is int
    assert found == step


@pytest.mark.parametrize("step", [MIN_STEP - 1, MAX_STEP + 1, 2**70, 1.0, np.float64(1), "1", True, np.bool_(True), None,
                                  np.array([1, 2]), 1j])  # fmt: skip
def test_all_else_is_no_step(step):
    with pytest.raises(Rejected) as caught:
        check_step(step, "m")
    assert caught.value.clause == "M1"


@pytest.mark.parametrize("cut", [0, 1, 3, 5])
def test_a_digest_that_runs_along_is_the_same(cut):
    series = [MetricPoint("m", step, 1, value) for step, value in enumerate([0.5, math.nan, -0.0, math.inf, 1.0])]
    running = RunningDigest()
    running.add(series[:cut])
    running.add(iter(series[cut:]))
    assert running.result() == series_digest(series)
    with pytest.raises(IntegrityError, match="are not a set"):
        running.add(series[-1:])
