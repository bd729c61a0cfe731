"""Measures two ways of doing the same thing in turns, so that both meet the same noise."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Measurement", "Scale", "compare"]


@dataclass(frozen=True)
class Scale:
    """How much: `points` of one run, `runs` in a store, `rounds` of each way."""

    points: int
    runs: tuple[int, ...]
    rounds: int


@dataclass(frozen=True)
class Measurement:
    """One row of the table: the medians of both, in seconds, and what is aimed at."""

    what: str
    ours_s: float
    floor_s: float
    value: float
    unit: str
    goal: float
    at_least: bool
    spread: tuple[float, float]

    @property
    def reached(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal


def compare(
    what: str, ours: Callable[[], object], floor: Callable[[], object], *, rounds: int, goal: float
) -> Measurement:
    """Measure the speed of `ours` as a multiple of the speed of `floor`: 1 is as fast, 0.5 half as fast."""
    pairs = [(_seconds(ours), _seconds(floor)) for _ in range(rounds)]
    ratios = sorted(theirs / mine for mine, theirs in pairs)
    return Measurement(
        what=what,
        ours_s=statistics.median(mine for mine, _ in pairs),
        floor_s=statistics.median(theirs for _, theirs in pairs),
        value=statistics.median(ratios),
        unit="×",
        goal=goal,
        at_least=True,
        spread=(ratios[0], ratios[-1]),
    )


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
