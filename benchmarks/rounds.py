"""Measures ways of doing the same thing in turns, so that all meet the same noise."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.servers import Servers

__all__ = ["Measurement", "Missing", "Row", "Scale", "compare", "in_turns", "multiple", "ratio"]


@dataclass(frozen=True)
class Scale:
    """How much, and on what.

    Attributes:
        points: Of one run, where nothing but this machine is in between.
        sent_points: Of one run that goes to a server.
        runs: In a store.
        rounds: Of each way of doing something.
        pairs: Of training loops with and without logging.
        seconds: That a training loop takes.
        calls: Of another tracker's logging function.
        most_points: Of a run whose memory is looked at.
        servers: Where MLflow servers come from.
        install: Other trackers may be installed, in an environment of their own.
    """

    points: int
    sent_points: int
    runs: tuple[int, ...]
    rounds: int
    pairs: int = 1
    seconds: float = 1.0
    calls: int = 100
    most_points: int = 10_000
    servers: Servers = field(default_factory=Servers)
    install: bool = False


@dataclass(frozen=True)
class Measurement:
    """One row of the table: the medians of both, in seconds or, in `amounts`, in words, and what is aimed at, if anything."""

    what: str
    ours_s: float
    floor_s: float
    value: float
    unit: str
    goal: float | None
    at_least: bool
    spread: tuple[float, float]
    amounts: tuple[str, str] | None = None

    @property
    def reached(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


@dataclass(frozen=True)
class Missing:
    """A row that could not be measured, and why."""

    what: str
    why: str


Row = Measurement | Missing


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


def ratio(what: str, ours: Sequence[float], floor: Sequence[float], *, goal: float | None) -> Measurement:
    """Give the speed of `ours` as a multiple of that of `floor`, from the seconds of each in the same rounds."""
    ratios = sorted(theirs / mine for mine, theirs in zip(ours, floor, strict=True))
    return _row(what, ours, floor, ratios, goal, at_least=True)


def multiple(what: str, ours: Sequence[float], floor: Sequence[float], *, goal: float | None) -> Measurement:
    """Give what `ours` costs as a multiple of what `floor` costs, from the seconds of each in the same rounds."""
    ratios = sorted(mine / theirs for mine, theirs in zip(ours, floor, strict=True))
    return _row(what, ours, floor, ratios, goal, at_least=False)


def _row(
    what: str, ours: Sequence[float], floor: Sequence[float], ratios: list[float], goal: float | None, *, at_least: bool
) -> Measurement:
    return Measurement(
        what=what,
        ours_s=statistics.median(ours),
        floor_s=statistics.median(floor),
        value=statistics.median(ratios),
        unit="×",
        goal=goal,
        at_least=at_least,
        spread=(ratios[0], ratios[-1]),
    )


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
