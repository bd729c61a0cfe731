"""How much memory a long run takes: the process that logs it, and the one that delivers it.

Run as a script, it logs: ``python -m benchmarks.memory POINTS FOLDER``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Final

from benchmarks.rounds import Measurement, Scale

__all__ = ["measurements"]

GOAL = 1.5

_FEWER: Final = 100  # times the points, in the short run
_DELIVERED: Final = 10  # one part in so many of the points is also delivered
_METRICS: Final = tuple(f"metric-{n}" for n in range(5))


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Log a long and a short run, offline, and deliver a long and a short one to a local store."""
    many, few = scale.most_points, max(scale.most_points // _FEWER, 1)
    yield _row("logging", many, few, _logged(many), _logged(few))
    many, few = max(many // _DELIVERED, 1), max(few // _DELIVERED, 1)
    yield _row("delivering", many, few, _delivered(many), _delivered(few))


def _row(what: str, many: int, few: int, large_kib: int, small_kib: int) -> Measurement:
    value = large_kib / small_kib
    return Measurement(
        what=f"peak memory of {what} {many:,} points against {few:,}",
        ours_s=float(large_kib),
        floor_s=float(small_kib),
        value=value,
        unit="×",
        goal=GOAL,
        at_least=False,
        spread=(value, value),
        amounts=(f"{large_kib / 1024:.0f} MiB", f"{small_kib / 1024:.0f} MiB"),
    )


def _logged(points: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return _peak_kib("-m", "benchmarks.memory", str(points), folder)


def _delivered(points: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        _peak_kib("-m", "benchmarks.memory", str(points), folder)
        return _peak_kib("-m", "trackbridge", "sync", f"{folder}/journals", "--timeout", "3600")


def _peak_kib(*arguments: str) -> int:
    """Run Python and give the greatest size that it had in memory."""
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise RuntimeError(said[-2000:])
    return usage.ru_maxrss if sys.platform == "linux" else usage.ru_maxrss // 1024


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
