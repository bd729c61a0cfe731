"""Points that a backend's series hold, and those that only the sidecar can (X3, M1, M2)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from trackbridge.protocol import Limits
from trackbridge.protocol.limits import SPECIAL_VALUES
from trackbridge.records.metrics import MAX_STEP, MIN_STEP, MetricPoint
from trackbridge.records.times import MAX_TIME_MS
from trackbridge.sidecar.columns import pack_points
from trackbridge.sidecar.entries import Entry, MetricEntry, PointsEntry
from trackbridge.sidecar.naming import native_name

__all__ = ["PointSplitter", "split_points"]

_TINY: Final = 2.2250738585072014e-308  # the least normal float64
_HUGE: Final = 1.7976931348623157e308


def split_points(points: Sequence[MetricPoint], limits: Limits) -> tuple[list[MetricPoint], tuple[Entry, ...]]:
    """Split points that are the first of their series; see `PointSplitter` for a stream of them."""
    return PointSplitter(limits).split(points)


class PointSplitter:
    """Splits one writer's points, batch by batch.

    Where a second point at one step would replace the first (`Limits.points_per_step` is "last"), only growing steps
    go to the native series, so that nothing is ever replaced; all others are extra points.

    Args:
        limits: What the backend's series hold.
        salt: Gives the writer native series of its own, where another writer's points would replace its own.
        greatest: The greatest native step of each series so far, by the metric's true name.
    """

    def __init__(self, limits: Limits, *, salt: str = "", greatest: Mapping[str, int] | None = None) -> None:
        self._limits = limits
        self._growing = limits.points_per_step != "all"
        self._salt = salt if self._growing else ""
        self._greatest: dict[str, int] = dict(greatest or {}) if not self._salt else {}
        self._names: dict[str, str] = {}
        self._keeps_all = (
            not self._growing
            and limits.special_values >= SPECIAL_VALUES
            and (limits.min_step, limits.max_step) == (MIN_STEP, MAX_STEP)
            and (limits.min_timestamp_ms, limits.max_timestamp_ms) == (0, MAX_TIME_MS)
        )

    def split(self, points: Sequence[MetricPoint]) -> tuple[list[MetricPoint], tuple[Entry, ...]]:
        """Give the points for the native series under their native names, and the entries for the rest."""
        native: list[MetricPoint] = []
        lost: dict[str, list[MetricPoint]] = {}
        late: dict[str, list[MetricPoint]] = {}
        renamed: dict[str, str] = {}
        names = self._names
        for point in points:
            name = point.name
            shown = names.get(name) or self._learn(name)
            if not self._keeps_all:
                if not self._holds(point):
                    lost.setdefault(name, []).append(point)
                    continue
                if self._growing and not self._grows(point):
                    late.setdefault(name, []).append(point)
                    continue
            if shown != name:
                renamed[shown] = name
                point = MetricPoint(shown, point.step, point.timestamp_ms, point.value)  # noqa: PLW2901 - its native form
            native.append(point)
        entries: list[Entry] = [MetricEntry(shown, name) for shown, name in renamed.items()]
        entries += (PointsEntry(name, pack_points(extra), exclusive=not self._growing) for name, extra in lost.items())
        entries += (PointsEntry(name, pack_points(extra), exclusive=False) for name, extra in late.items())
        return native, tuple(entries)

    def _learn(self, name: str) -> str:
        shown = self._names[name] = native_name(name, self._limits.metric_name, salt=self._salt)
        return shown

    def _holds(self, point: MetricPoint) -> bool:
        limits, value = self._limits, point.value
        if not (
            limits.min_step <= point.step <= limits.max_step
            and limits.min_timestamp_ms <= point.timestamp_ms <= limits.max_timestamp_ms
        ):
            return False
        size = abs(value)
        if _TINY <= size <= _HUGE:
            return True
        special = _special(value, size)
        return special is None or special in limits.special_values

    def _grows(self, point: MetricPoint) -> bool:
        before = self._greatest.get(point.name)
        if before is not None and point.step <= before:
            return False
        self._greatest[point.name] = point.step
        return True


def _special(value: float, size: float) -> str | None:
    """Name the class of a value that is not a normal number; None for 0.0."""
    if math.isnan(value):
        return "nan"
    if size == math.inf:
        return "inf"
    if size:
        return "denormal"
    return "negative_zero" if math.copysign(1.0, value) < 0 else None
