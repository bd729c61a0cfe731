"""A run's summary: the last value of each metric, as W&B shows it, and the step and time it is of, which W&B does not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final, Self

from trackbridge.protocol import NativeMetric
from trackbridge.records.metrics import MetricPoint, point_key

__all__ = ["Lasts"]

_LASTS: Final = "_trackbridge"  # W&B's screens hide keys that begin with an underscore
_LINES: Final = "_trackbridge_lines"  # how many lines of history this takes into account


class Lasts:
    """The last point of each series, by M2: adding a point twice is adding it once.

    Attributes:
        lines: How many lines of history it takes into account.
    """

    def __init__(self, points: Iterable[MetricPoint] = ()) -> None:
        self._points: dict[str, MetricPoint] = {}
        self.lines = 0
        self.add(points)

    def add(self, points: Iterable[MetricPoint]) -> None:
        """Take points into account, in any order."""
        known = self._points
        for point in points:
            last = known.get(point[0])
            if last is None or point[1] > last[1] or (point[1] == last[1] and point_key(point) > point_key(last)):
                known[point[0]] = point

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Read a summary that was written here; empty for any other."""
        found = json.loads(text or "{}")
        points = found.get(_LASTS)
        lasts = cls(_points(points) if isinstance(points, dict) else ())
        lines = found.get(_LINES)
        lasts.lines = lines if isinstance(lines, int) else 0
        return lasts

    def dumps(self) -> str:
        """Give the summary: values under the metrics' own names, and ours hidden."""
        shown: dict[str, Any] = {name: _json_value(point.value) for name, point in self._points.items()}
        shown[_LINES] = self.lines
        shown[_LASTS] = {name: [point[1], point[2], repr(point[3])] for name, point in self._points.items()}
        return json.dumps(shown, allow_nan=False)

    def metrics(self, lines: int) -> dict[str, NativeMetric]:
        """Give what is known of each metric without reading its series.

        Args:
            lines: How many lines of history there are; where that is another number than this was written for, as when
                a delayed request has put an older summary in its place, only the names are known.
        """
        if lines != self.lines:
            return dict.fromkeys(self._points, NativeMetric())
        return {name: NativeMetric(point.value, point.step, point.timestamp_ms) for name, point in self._points.items()}

    def __iter__(self) -> Iterator[MetricPoint]:
        return iter(self._points.values())


def _points(found: dict[str, Any]) -> Iterator[MetricPoint]:
    for name, parts in found.items():
        with suppress(TypeError, ValueError):
            step, time_ms, value = parts
            yield MetricPoint(name, int(step), int(time_ms), float(value))


def _json_value(value: float) -> float | str:
    """Give a value as JSON holds it: W&B's client writes NaN and the infinities as these texts, too."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
