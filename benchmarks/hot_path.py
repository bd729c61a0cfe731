"""What one logged point costs, against appending a tuple to a deque (DESIGN §7).

Run as a script: ``python -m benchmarks.hot_path [CALLS] [ROUNDS]``. Every call is timed by itself with the garbage
collector on, the cost of reading the clock is subtracted, and timer, floor and journal take turns of many calls, so that a busy machine slows them alike.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.rounds import Measurement, Scale
from trackbridge.journal import JournalOptions, JournalWriter, discard
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
    """The cost of each round: the floor, and the journal."""

    floor: tuple[Cost, ...]
    journal: tuple[Cost, ...]
    mode: str

    @property
    def ratios(self) -> tuple[Cost, ...]:
        """The journal as a multiple of the floor, round by round."""
        return tuple(ours.over(floor) for ours, floor in zip(self.journal, self.floor, strict=True))


def measure(calls: int = 1_000_000, rounds: int = 5, *, mode: str = "auto", root: Path | None = None) -> HotPath:
    """Time `calls` points in each of `rounds`.

    Args:
        calls: The points of a round.
        rounds: How often; single rounds are at the mercy of the machine.
        mode: How the journal writes: "auto", "mapped" or "plain".
        root: Where the journals lie, else a temporary directory.
    """
    floor, journal, modes = [], [], set()
    with tempfile.TemporaryDirectory(dir=root) as scratch:
        for _ in range(rounds):
            writer = JournalWriter(Path(scratch), new_run_id(), options=JournalOptions(mode=mode))
            round_floor, round_journal = _round(writer, calls)
            floor.append(round_floor)
            journal.append(round_journal)
            modes.add(writer.stats.mode)
            writer.close()
            discard(writer.directory)
    return HotPath(tuple(floor), tuple(journal), modes.pop())


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Give the rows of the table: median and mean against the deque."""
    result = measure(scale.points, scale.rounds)
    for what, goal in (("median", MEDIAN_GOAL), ("mean", MEAN_GOAL)):
        ratios = sorted(getattr(cost, f"{what}_ns") for cost in result.ratios)
        yield Measurement(
            what=f"log_metric against deque.append, {what} of a call",
            ours_s=statistics.median(getattr(cost, f"{what}_ns") for cost in result.journal) / 1e9,
            floor_s=statistics.median(getattr(cost, f"{what}_ns") for cost in result.floor) / 1e9,
            value=statistics.median(ratios),
            unit="×",
            goal=goal,
            at_least=False,
            spread=(ratios[0], ratios[-1]),
        )


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


def _round(writer: JournalWriter, calls: int) -> tuple[Cost, Cost]:
    timer, floor, journal = _Times(), _Times(), _Times()
    points: Points = deque()
    for first in range(0, calls, _TURN):
        turn = range(first, min(first + _TURN, calls))
        work: tuple[tuple[_Times, Callable[[list[int]], None]], ...] = (
            (timer, partial(_time_timer, turn=turn)),
            (floor, partial(_time_floor, turn=turn, points=points)),
            (journal, partial(_time_journal, turn=turn, run=writer)),
        )
        for times, run in work:
            lengths = [0] * len(turn)
            begun = time.thread_time_ns()
            run(lengths)
            times.cpu_ns += time.thread_time_ns() - begun
            times.lengths.update(lengths)
    return floor.cost(timer), journal.cost(timer)


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


def _time_journal(times: list[int], turn: range, run: JournalWriter) -> None:
    name = "loss"
    for at, step in enumerate(turn):
        value = step * 0.5
        start = _clock()
        run.log_metric(name, value, step=step)
        stop = _clock()
        times[at] = stop - start


def main() -> None:
    """Print one line a round and the median of each ratio."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for mode in ("auto", "plain"):
        result = measure(calls, rounds, mode=mode)
        print(
            f"{calls} calls, {result.mode}; ns a call by median, mean and the thread's own CPU: floor, journal, ratio"
        )
        for floor, ours, ratio in zip(result.floor, result.journal, result.ratios, strict=True):
            print(
                "  " + "   ".join(f"{c.median_ns:7.2f} {c.mean_ns:7.2f} {c.cpu_ns:7.2f}" for c in (floor, ours, ratio))
            )
        middle = [statistics.median(column) for column in zip(*map(_values, result.ratios), strict=True)]
        print("  median of rounds: " + "  ".join(f"{value:.2f} ×" for value in middle))


def _values(cost: Cost) -> tuple[float, float, float]:
    return cost.median_ns, cost.mean_ns, cost.cpu_ns


if __name__ == "__main__":
    main()
