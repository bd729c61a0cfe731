"""What one logged point costs, against appending a tuple to a deque (DESIGN §7).

Run as a script: ``python benchmarks/hot_path.py [CALLS] [ROUNDS]``. Every call is timed by itself, the garbage collector
is on, the cost of reading the clock is subtracted, and both sides alternate round by round, so that a busy machine
slows them alike.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trackbridge.journal import JournalOptions, JournalWriter
from trackbridge.records.ids import new_run_id

__all__ = ["Cost", "HotPath", "measure"]

_clock = time.perf_counter_ns


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call took over one round, in nanoseconds, the timer subtracted."""

    median_ns: float
    mean_ns: float


@dataclass(frozen=True, slots=True)
class HotPath:
    """The cost of each round: the floor, and the journal."""

    floor: tuple[Cost, ...]
    journal: tuple[Cost, ...]
    mode: str

    @property
    def median_ratios(self) -> list[float]:
        """Median against median, round by round."""
        return [ours.median_ns / floor.median_ns for ours, floor in zip(self.journal, self.floor, strict=True)]

    @property
    def mean_ratios(self) -> list[float]:
        """Mean against mean, round by round."""
        return [ours.mean_ns / floor.mean_ns for ours, floor in zip(self.journal, self.floor, strict=True)]


def measure(calls: int = 1_000_000, rounds: int = 5, *, mode: str = "auto", root: Path | None = None) -> HotPath:
    """Time `calls` points in each of `rounds`, alternating with the floor.

    Args:
        calls: The points of a round.
        rounds: How often; single rounds are at the mercy of the machine.
        mode: How the journal writes: "auto", "mapped" or "plain".
        root: Where the journals lie, else a temporary directory.
    """
    floor, journal, modes = [], [], set()
    with tempfile.TemporaryDirectory(dir=root) as scratch:
        for _ in range(rounds):
            timer = _timer(calls)
            points: deque[tuple[str, float, int, float]] = deque()
            floor.append(_cost(_time_floor(points, calls), timer))
            points.clear()
            with_journal = JournalWriter(Path(scratch), new_run_id(), options=JournalOptions(mode=mode))
            with_journal.log_metric("loss", 0.5, step=-1)
            journal.append(_cost(_time_log(with_journal.log_metric, calls), timer))
            modes.add(with_journal.stats.mode)
            with_journal.close()
            for segment in with_journal.directory.iterdir():
                segment.unlink()
    return HotPath(tuple(floor), tuple(journal), modes.pop())


def _timer(calls: int) -> Cost:
    times = [0] * calls
    for i in range(calls):
        start = _clock()
        stop = _clock()
        times[i] = stop - start
    return Cost(statistics.median(times), statistics.fmean(times))


def _time_floor(points: deque[tuple[str, float, int, float]], calls: int) -> list[int]:
    times, append, now = [0] * calls, points.append, time.time
    for i in range(calls):
        value = i * 0.5
        start = _clock()
        append(("loss", value, i, now()))
        stop = _clock()
        times[i] = stop - start
    return times


def _time_log(log_metric: Callable[..., None], calls: int) -> list[int]:
    times = [0] * calls
    for i in range(calls):
        value = i * 0.5
        start = _clock()
        log_metric("loss", value, step=i)
        stop = _clock()
        times[i] = stop - start
    return times


def _cost(times: list[int], timer: Cost) -> Cost:
    return Cost(statistics.median(times) - timer.median_ns, statistics.fmean(times) - timer.mean_ns)


def main() -> None:
    """Print one line a round and the median of each ratio."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    for mode in ("auto", "plain"):
        result = measure(calls, rounds, mode=mode)
        print(f"{calls} calls, {result.mode}: round, floor median/mean ns, journal median/mean ns, ratios")
        rows = zip(result.floor, result.journal, result.median_ratios, result.mean_ratios, strict=True)
        for number, (floor, ours, median, mean) in enumerate(rows, 1):
            print(
                f"  {number}  {floor.median_ns:5.0f} {floor.mean_ns:5.0f}  {ours.median_ns:5.0f} {ours.mean_ns:5.0f}"
                f"  {median:.2f} × median  {mean:.2f} × mean"
            )
        print(
            f"  =  {statistics.median(result.median_ratios):.2f} × median (goal ≤ 4)"
            f"  {statistics.median(result.mean_ratios):.2f} × mean (goal ≤ 2)"
        )


if __name__ == "__main__":
    main()
