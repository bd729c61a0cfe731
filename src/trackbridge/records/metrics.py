"""Metric points, their order, and the summary of a series (M1–M6)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from math import copysign
from typing import Any, NamedTuple

from trackbridge.errors import Rejected
from trackbridge.records.names import shown
from trackbridge.records.values import as_index, scalar_item

__all__ = [
    "MAX_STEP",
    "MIN_STEP",
    "MetricPoint",
    "MetricSummary",
    "check_step",
    "check_value",
    "point_key",
    "summarize",
    "value_key",
]

MIN_STEP, MAX_STEP = -(2**63), 2**63 - 1

_DOUBLE, _INT64 = struct.Struct(">d"), struct.Struct(">q")
_NAN_KEY = MIN_STEP


class MetricPoint(NamedTuple):
    """One point of a metric's series (M1): `step` any int64, `timestamp_ms` UTC, `value` a float64."""

    name: str
    step: int
    timestamp_ms: int
    value: float


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """What a series comes to (M4).

    `last` is the value at the greatest (step, timestamp, value); `min` and `max` are NaN only when all values are.
    """

    last: float
    last_step: int
    last_timestamp_ms: int
    min: float
    max: float
    count: int

    def merged(self, other: MetricSummary) -> MetricSummary:
        """Give the summary of two *disjoint* sets of points of one series."""
        late = max(self, other, key=lambda s: (s.last_step, s.last_timestamp_ms, value_key(s.last)))
        return MetricSummary(
            late.last,
            late.last_step,
            late.last_timestamp_ms,
            _least(self.min, other.min),
            max(self.max, other.max, key=value_key),
            self.count + other.count,
        )


def value_key(value: float) -> int:
    """Map a float64 to an int that sorts as M4: NaN < −Inf < … < −0.0 < 0.0 < … < Inf."""
    if value != value:  # noqa: PLR0124 - true of NaN alone
        return _NAN_KEY
    bits: int = _INT64.unpack(_DOUBLE.pack(value))[0]
    return bits if bits >= 0 else -(bits & MAX_STEP) - 1


def point_key(point: MetricPoint) -> tuple[int, int, int]:
    """Give the sort key of a point within its series (M2)."""
    return point[1], point[2], value_key(point[3])


def _least(left: float, right: float) -> float:
    # NaN sorts lowest, yet a minimum is NaN only when there is nothing else (M4).
    numbers = [value for value in (left, right) if value == value]  # noqa: PLR0124
    return min(numbers, key=value_key) if numbers else left


def summarize(points: Iterable[MetricPoint]) -> MetricSummary | None:
    """Summarize the points of one series, each given once, in any order; None for no points."""
    rest = iter(points)
    last = next(rest, None)
    if last is None:
        return None
    least = greatest = last[3]
    count = 1
    for point in rest:
        count += 1
        step, value = point[1], point[3]
        if step > last[1] or (step == last[1] and point_key(point) > point_key(last)):
            last = point
        if value > greatest:
            greatest = value
        elif value < least:
            least = value
        elif least != least:  # noqa: PLR0124 - nothing but NaN so far
            least = greatest = value
        elif value == 0:  # the comparisons above do not tell −0.0 from 0.0
            if copysign(1.0, value) < 0:
                least = value if least == 0 else least
            else:
                greatest = value if greatest == 0 else greatest
    return MetricSummary(last[3], last[1], last[2], least, greatest, count)


def check_value(value: Any, name: str) -> float:
    """Return a metric's value as float64 (M1, M6).

    Python, numpy and torch numbers are accepted; bool, complex, str and anything else raise `Rejected`.
    """
    if type(value) is float:
        return value
    value = scalar_item(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad_value(value, name)
    try:
        return float(value)
    except OverflowError:
        raise Rejected(
            f"the value of metric {shown(name)} is an int beyond float64: {shown(value)}", clause="M1"
        ) from None


def _bad_value(value: Any, name: str) -> Rejected:
    return Rejected(
        f"the value of metric {shown(name)} must be a real number, not {type(value).__name__} {shown(value)}",
        clause="M6",
        remedy="Give a float, an int, or a numpy or torch scalar.",
    )


def check_step(step: Any, name: str) -> int:
    """Return a step as int64 (M1), else raise `Rejected`."""
    index = step if type(step) is int else as_index(step)
    if index is None:
        raise Rejected(f"the step of metric {shown(name)} must be an int, not {shown(step)}", clause="M1")
    if not MIN_STEP <= index <= MAX_STEP:
        raise Rejected(f"the step of metric {shown(name)} is no int64: {shown(step)}", clause="M1")
    return index
