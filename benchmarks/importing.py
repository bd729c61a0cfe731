"""What ``import trackbridge`` costs over bare Python."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.rounds import Measurement, Scale

GOAL_MS = 50.0


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Start Python with and without the import, in turns."""
    pairs = [(_start("import trackbridge"), _start("pass")) for _ in range(max(3 * scale.rounds, 3))]
    extra_ms = sorted((ours - bare) * 1000 for ours, bare in pairs)
    yield Measurement(
        what="import trackbridge, over bare Python",
        ours_s=statistics.median(ours for ours, _ in pairs),
        floor_s=statistics.median(bare for _, bare in pairs),
        value=statistics.median(extra_ms),
        unit=" ms",
        goal=GOAL_MS,
        at_least=False,
        spread=(extra_ms[0], extra_ms[-1]),
    )


def _start(program: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - begun
