"""Measures two ways of doing the same thing in turns, so that both meet the same noise."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Measurement", "Scale", "compare", "in_turns", "ratio"]


@dataclass(frozen=True)
class Scale:
    """How much, and on what.

    Attributes:
        points: Of one run, where nothing but this machine is in between.
        sent_points: Of one run that goes to a server.
        runs: In a store.
        rounds: Of each way of doing something.
        servers: MLflow servers that run already, by the database below; without any, some are started.
    """

    points: int
    sent_points: int
    runs: tuple[int, ...]
    rounds: int
    servers: Mapping[str, str] = field(default_factory=dict)


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
    mine, theirs = in_turns((ours, floor), rounds)
    return ratio(what, mine, theirs, goal=goal)


def in_turns(ways: Sequence[Callable[[], object]], rounds: int) -> list[list[float]]:
    """Do each of `ways` once a round; give the seconds that it took, way by way."""
    taken = [[_seconds(way) for way in ways] for _ in range(rounds)]
    return [list(column) for column in zip(*taken, strict=True)]


def ratio(what: str, ours: Sequence[float], floor: Sequence[float], *, goal: float) -> Measurement:
    """Give the speed of `ours` as a multiple of that of `floor`, from the seconds of each in the same rounds."""
    ratios = sorted(theirs / mine for mine, theirs in zip(ours, floor, strict=True))
    return Measurement(
        what=what,
        ours_s=statistics.median(ours),
        floor_s=statistics.median(floor),
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
