"""How much memory a long run takes: the process that logs it, and the one that delivers it.

Run as a script, it logs: ``python -m benchmarks.memory POINTS FOLDER``.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from typing import Final

from benchmarks.peak import peak_kib
from benchmarks.rounds import Measurement, Scale

__all__ = ["measurements"]

GOAL = 1.5

_FEWER: Final = 10  # times the points, in the shorter run
_FEW: Final = 100  # times the points of that, in a run whose segments have not grown yet
_DELIVERED: Final = 10  # one part in so many of the points is also delivered
_METRICS: Final = tuple(f"metric-{n}" for n in range(5))


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Log runs offline, and deliver shorter ones to a local store: long against shorter, and that against a short one."""
    for what, most, act in (
        ("logging", scale.most_points, _logged),
        ("delivering", scale.most_points // _DELIVERED, _delivered),
    ):
        sizes = max(most, 1), max(most // _FEWER, 1), max(most // _FEWER // _FEW, 1)
        long, shorter, short = (act(points) for points in sizes)
        yield _row(what, *sizes[:2], long, shorter, goal=GOAL)
        yield _row(what, *sizes[1:], shorter, short, goal=None)


def _row(what: str, many: int, few: int, large_kib: int, small_kib: int, *, goal: float | None) -> Measurement:
    value = large_kib / small_kib
    return Measurement(
        what=f"peak memory of {what} {many:,} points against {few:,}",
        ours_s=float(large_kib),
        floor_s=float(small_kib),
        value=value,
        unit="×",
        goal=goal,
        at_least=False,
        spread=(value, value),
        amounts=(f"{large_kib / 1024:.0f} MiB", f"{small_kib / 1024:.0f} MiB"),
    )


def _logged(points: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return peak_kib("benchmarks.memory", str(points), folder)


def _delivered(points: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        peak_kib("benchmarks.memory", str(points), folder)
        return peak_kib("trackbridge", "sync", f"{folder}/journals", "--timeout", "3600")


def main() -> None:
    """Log points, and leave them in their journal."""
    import trackbridge as tb

    points, folder = int(sys.argv[1]), sys.argv[2]
    tb.configure(backend=f"local://{folder}/store", journal_dir=f"{folder}/journals", mode="offline", capture=False)
    with tb.start_run("memory") as run:
        log = run.log_metric
        for n in range(points):
            log(_METRICS[n % 5], 0.5 * n, step=n)


if __name__ == "__main__":
    main()
