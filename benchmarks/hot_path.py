"""What logging costs the caller, against appending tuples to a deque.

Run as a script: ``python -m benchmarks.hot_path [CALLS] [ROUNDS]``. Every call is timed by itself with the garbage
collector on, the cost of reading the clock is subtracted, and timer, floor and run take turns of many calls, so that a
busy machine slows them alike. The run is offline: what delivering takes from a loop is measured by `training`.
"""

from __future__ import annotations

import itertools
import logging
import statistics
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import trackbridge as tb
from benchmarks.rounds import Measurement, Scale, multiple
from trackbridge.journal import JournalOptions, JournalWriter
from trackbridge.records.ids import new_run_id

__all__ = ["Cost", "HotPath", "measure", "measurements"]

MEDIAN_GOAL, MEAN_GOAL = 4.0, 2.0

_TURN = 100_000  # calls before the next takes its turn
_clock = time.perf_counter_ns

Points = deque[tuple[str, float, int, float]]


@dataclass(frozen=True)
class Cost:
    """What a call took over one round, in nanoseconds, the timer subtracted; `cpu_ns` is the thread's own mean."""

    median_ns: float
    mean_ns: float
    cpu_ns: float

    def over(self, floor: Cost) -> Cost:
        """Give the three as multiples of a floor's."""
        return Cost(self.median_ns / floor.median_ns, self.mean_ns / floor.mean_ns, self.cpu_ns / floor.cpu_ns)


@dataclass(frozen=True)
class HotPath:
    """The cost of each round: the floor, and ours."""

    floor: tuple[Cost, ...]
    ours: tuple[Cost, ...]

    @property
    def ratios(self) -> tuple[Cost, ...]:
        """Ours as a multiple of the floor, round by round."""
        return tuple(ours.over(floor) for ours, floor in zip(self.ours, self.floor, strict=True))

    def row(self, what: str, by: str, goal: float | None) -> Measurement:
        """Give a row of the table: the median or the mean."""
        ours, floor = ([getattr(cost, f"{by}_ns") / 1e9 for cost in costs] for costs in (self.ours, self.floor))
        return multiple(what, ours, floor, goal=goal)


def measure(calls: int, rounds: int, *, metrics: int = 0, mode: str | None = None) -> HotPath:
    """Time `calls` calls in each of `rounds`.

    Args:
        calls: The calls of a round.
        rounds: How often; single rounds are at the mercy of the machine.
        metrics: So many in each call, through `log_metrics`; 0 is one through `log_metric`.
        mode: A journal by itself that is written so: "mapped" or "plain"; without it, a whole run.
    """
    found = []
    with _offline() as folder:
        for _ in range(rounds):
            if mode is None:
                run = tb.start_run("hot path")
                found.append(_round(run, calls, metrics))
                run.finish()
            else:
                writer = JournalWriter(Path(folder), new_run_id(), options=JournalOptions(mode=mode))
                found.append(_round(writer, calls, metrics))
                writer.close()
    return HotPath(*zip(*found, strict=True))


@contextmanager
def _offline() -> Iterator[str]:
    """Let runs write journals that nobody delivers."""
    logger = logging.getLogger("trackbridge")
    level = logger.level
    logger.setLevel(logging.ERROR)  # of course something is left
    with tempfile.TemporaryDirectory() as folder:
        settings = {"backend": f"local://{folder}/store", "journal_dir": f"{folder}/journals", "mode": "offline"}
        tb.configure(**settings, capture=False)
        try:
            yield folder
        finally:
            tb.configure(**dict.fromkeys(settings), capture=None)
            logger.setLevel(level)


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Give the rows of the table."""
    one = measure(scale.points, scale.rounds)
    yield one.row("run.log_metric, median of a call", "median", MEDIAN_GOAL)
    yield one.row("run.log_metric, mean of a call", "mean", MEAN_GOAL)
    for metrics in (1, 10, 100):
        calls = max(scale.points // (5 * metrics), 1)
        several = measure(calls, scale.rounds, metrics=metrics)
        yield several.row(f"run.log_metrics with {metrics}, median of a call", "median", None)
    plain = measure(max(scale.points // 5, 1), scale.rounds, mode="plain")
    yield plain.row("log_metric of a journal that cannot be mapped, median of a call", "median", None)


class _Times:
    """The times of many calls, counted by length: a million of them take no memory."""

    def __init__(self) -> None:
        self.lengths: Counter[int] = Counter()
        self.cpu_ns = 0

    def cost(self, timer: _Times) -> Cost:
        calls = self.lengths.total()
        return Cost(
            self._median() - timer._median(),
            self._mean() - timer._mean(),
            (self.cpu_ns - timer.cpu_ns) / calls,
        )

    def _mean(self) -> float:
        return sum(length * count for length, count in self.lengths.items()) / self.lengths.total()

    def _median(self) -> float:
        # The clock ticks every 10 ns or so, an eighth of the floor: within the tick of the median, interpolate.
        lengths = sorted(self.lengths)
        tick = min((b - a for a, b in itertools.pairwise(lengths) if b - a > 2), default=1)
        below, half = 0, self.lengths.total() / 2
        for length in lengths:
            count = self.lengths[length]
            if below + count >= half:
                return length - tick / 2 + tick * (half - below) / count
            below += count
        raise AssertionError("no calls")


def _round(run: Any, calls: int, metrics: int) -> tuple[Cost, Cost]:
    timer, floor, ours = _Times(), _Times(), _Times()
    points: Points = deque()
    if metrics:
        names = [f"metric-{number:02}" for number in range(metrics)]
        by_hand, by_us = partial(_time_floors, points=points, names=names), partial(_time_many, run=run, names=names)
    else:
        by_hand, by_us = partial(_time_floor, points=points), partial(_time_one, run=run)
    for first in range(0, calls, _TURN):
        turn = range(first, min(first + _TURN, calls))
        work: tuple[tuple[_Times, Callable[..., None]], ...] = ((timer, _time_timer), (floor, by_hand), (ours, by_us))
        for times, act in work:
            lengths = [0] * len(turn)
            begun = time.thread_time_ns()
            act(lengths, turn=turn)
            times.cpu_ns += time.thread_time_ns() - begun
            times.lengths.update(lengths)
    return floor.cost(timer), ours.cost(timer)


def _time_timer(times: list[int], turn: range) -> None:
    for at, step in enumerate(turn):
        _ = step * 0.5
        start = _clock()
        stop = _clock()
        times[at] = stop - start


def _time_floor(times: list[int], turn: range, points: Points) -> None:
    name = "loss"
    for at, step in enumerate(turn):
        value = step * 0.5
        start = _clock()
        points.append((name, value, step, time.time()))
        stop = _clock()
        times[at] = stop - start


def _time_one(times: list[int], turn: range, run: Any) -> None:
    name = "loss"
    for at, step in enumerate(turn):
        value = step * 0.5
        start = _clock()
        run.log_metric(name, value, step=step)
        stop = _clock()
        times[at] = stop - start


def _time_floors(times: list[int], turn: range, points: Points, names: list[str]) -> None:
    for at, step in enumerate(turn):
        values = dict.fromkeys(names, step * 0.5)
        start = _clock()
        for name, value in values.items():
            points.append((name, value, step, time.time()))
        stop = _clock()
        times[at] = stop - start


def _time_many(times: list[int], turn: range, run: Any, names: list[str]) -> None:
    for at, step in enumerate(turn):
        values = dict.fromkeys(names, step * 0.5)
        start = _clock()
        run.log_metrics(values, step=step)
        stop = _clock()
        times[at] = stop - start


def main() -> None:
    """Print one line a round and the median of each ratio."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for mode in (None, "mapped", "plain"):
        result = measure(calls, rounds, mode=mode)
        what = f"a journal, {mode}" if mode else "a run"
        print(f"{calls} calls, {what}; ns a call by median, mean and the thread's own CPU: floor, ours, ratio")
        for floor, ours, ratio in zip(result.floor, result.ours, result.ratios, strict=True):
            print(
                "  " + "   ".join(f"{c.median_ns:7.2f} {c.mean_ns:7.2f} {c.cpu_ns:7.2f}" for c in (floor, ours, ratio))
            )
        middle = [statistics.median(column) for column in zip(*map(_values, result.ratios), strict=True)]
        print("  median of rounds: " + "  ".join(f"{value:.2f} ×" for value in middle))


def _values(cost: Cost) -> tuple[float, float, float]:
    return cost.median_ns, cost.mean_ns, cost.cpu_ns


if __name__ == "__main__":
    main()
