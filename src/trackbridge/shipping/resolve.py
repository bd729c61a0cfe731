"""Steps and times that were left open at the call, settled in the order of the calls (M3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trackbridge.records.log import LoggedPoint, LoggedSeries
from trackbridge.records.metrics import MAX_STEP, MetricPoint

__all__ = ["PointResolver"]


class PointResolver:
    """Resolves one writer's points; fed the same points in the same order it gives the same answers.

    Args:
        greatest: The greatest step of each series before this writer: what a resume found.
    """

    def __init__(self, greatest: Mapping[str, int] | None = None) -> None:
        self._greatest = dict(greatest or {})
        self._clocks: dict[str, _Clock] = {}

    @property
    def greatest(self) -> Mapping[str, int]:
        """The greatest step of each series so far."""
        return self._greatest

    def state(self) -> dict[str, Any]:
        """Give all that it remembers, as JSON has it."""
        return {
            "greatest": self._greatest,
            "clocks": {name: clock.state() for name, clock in self._clocks.items()},
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> PointResolver:
        """Make one that goes on where `state` was given."""
        made = cls(state["greatest"])
        made._clocks = {name: _Clock.restored(each) for name, each in state["clocks"].items()}
        return made

    def resolve(self, point: LoggedPoint) -> MetricPoint:
        """Give the point with its step and its time."""
        name, step, timestamp_ms, value, stamped = point
        greatest = self._greatest.get(name)
        if step is None:
            step = 0 if greatest is None else min(greatest + 1, MAX_STEP)  # a point there is kept beside the others
        if greatest is None or step > greatest:
            self._greatest[name] = step
        if stamped:
            clock = self._clocks.get(name)
            if clock is None:
                clock = self._clocks[name] = _Clock()
            timestamp_ms = clock.stamp(step, timestamp_ms)
        return MetricPoint(name, step, timestamp_ms, value)

    def resolve_series(self, series: LoggedSeries) -> Iterator[MetricPoint]:
        """Give the points of a series that was logged at once."""
        stamped = series.timestamps_ms is None
        for i, value in enumerate(series.values):
            step = None if series.steps is None else series.steps[i]
            timestamp_ms = series.now_ms if series.timestamps_ms is None else series.timestamps_ms[i]
            yield self.resolve((series.name, step, timestamp_ms, value, stamped))


class _Clock:
    """The stamped times of one series: never twice the same at one step.

    It remembers no more than the steps of the current millisecond and those that were moved beyond it.
    """

    __slots__ = ("_now_ms", "_taken")

    def __init__(self) -> None:
        self._now_ms = 0
        self._taken: dict[int, int] = {}

    def state(self) -> list[Any]:
        return [self._now_ms, list(self._taken.items())]

    @classmethod
    def restored(cls, state: list[Any]) -> _Clock:
        made = cls()
        made._now_ms, taken = state
        made._taken = dict(taken)
        return made

    def stamp(self, step: int, timestamp_ms: int) -> int:
        if timestamp_ms > self._now_ms:
            self._now_ms = timestamp_ms
            self._taken = {at: taken for at, taken in self._taken.items() if taken >= timestamp_ms}
        # A wall clock that was set back stands still until it has caught up: what it forgot cannot tie then.
        free = max(self._now_ms, self._taken.get(step, -1) + 1)
        self._taken[step] = free
        return free
