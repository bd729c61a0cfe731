"""Series in M2 order from pages in any order, of any length."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.protocol import series
from trackbridge.protocol.series import in_order, points_of
from trackbridge.records.metrics import MetricPoint, point_key

ROWS = st.lists(
    st.tuples(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5), st.integers(0, 5), st.floats(allow_nan=False)),
    max_size=60,
)


def mlflow_pages(rows, size):
    rows = sorted(set(rows), key=lambda row: (row[1], row[0], row[2]))
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)]


@pytest.mark.parametrize("in_memory", [0, 10, 10**6])
@given(rows=ROWS, size=st.integers(1, 20))
def test_any_pages(in_memory, rows, size):
    before, series._ROWS_IN_MEMORY = series._ROWS_IN_MEMORY, in_memory
    try:
        found = list(points_of("m", in_order(mlflow_pages(rows, size))))
    finally:
        series._ROWS_IN_MEMORY = before
    expected = {point_key(point): point for point in (MetricPoint("m", *row) for row in rows)}
    assert [point_key(point) for point in found] == sorted(expected)


def test_nan_comes_first_and_once():
    pages = [[(0, 0, 1.0), (0, 0, math.nan)], [(0, 0, math.nan), (-1, 1, 0.0)]]
    assert [str(row[2]) for row in in_order(pages)] == ["0.0", "nan", "1.0"]


def test_nothing():
    assert list(in_order([])) == []
    assert list(in_order([[], []])) == []
