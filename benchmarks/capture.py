"""What recording the environment costs the thread that trains, in fresh processes: the first capture imports what it needs.

Run as a script, it starts runs without and with it: ``python -m benchmarks.capture FOLDER``.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rounds import Measurement, Scale

__all__ = ["measurements"]

GOAL_MS = 20.0


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Start runs with and without capture, in turns; say what is there of it where it is turned off."""
    with tempfile.TemporaryDirectory() as folder:
        said = [_started(folder) for _ in range(max(3 * scale.rounds, 2))]
    yield _row("start_run with capture, over without it", said, "s")
    yield _row("processor time of that on the thread that calls", said, "cpu_s")
    left, off_s = [one["left"] for one in said], statistics.median(one["off_s"] for one in said)
    yield Measurement(
        what="modules and threads of capture where it is off",
        ours_s=off_s,
        floor_s=off_s,
        value=max(left),
        unit="",
        goal=0.0,
        at_least=False,
        spread=(min(left), max(left)),
        amounts=(f"{max(left):g}", "0"),
    )


def _row(what: str, said: list[dict[str, float]], clock: str) -> Measurement:
    on, off = [one[f"on_{clock}"] for one in said], [one[f"off_{clock}"] for one in said]
    extra_ms = sorted((mine - bare) * 1000 for mine, bare in zip(on, off, strict=True))
    return Measurement(
        what=what,
        ours_s=statistics.median(on),
        floor_s=statistics.median(off),
        value=statistics.median(extra_ms),
        unit=" ms",
        goal=GOAL_MS,
        at_least=False,
        spread=(extra_ms[0], extra_ms[-1]),
    )


def _started(folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.capture", folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    said: dict[str, float] = json.loads(done.stdout)
    return said


def main() -> None:
    """Start runs, and say how long that took and what of capture was there before any had it."""
    import trackbridge as tb

    folder = sys.argv[1]
    tb.configure(backend=f"local://{folder}/store", journal_dir=f"{folder}/journals", mode="offline")
    taken = []
    for capture in (False, False, True):  # the first imports what every run needs
        left = _left()
        begun = time.perf_counter(), time.thread_time()
        run = tb.start_run("capture", capture=capture)
        taken.append((time.perf_counter() - begun[0], time.thread_time() - begun[1]))
        run.finish()
    (off_s, off_cpu_s), (on_s, on_cpu_s) = taken[1:]
    print(json.dumps({"off_s": off_s, "off_cpu_s": off_cpu_s, "on_s": on_s, "on_cpu_s": on_cpu_s, "left": left}))


def _left() -> float:
    """Count the modules and threads of capture."""
    modules = sum(name.startswith("trackbridge.capture") for name in sys.modules)
    names = [thread.name for thread in threading.enumerate()]
    return float(modules + sum(name.startswith(("trackbridge-capture", "trackbridge-system")) for name in names))


if __name__ == "__main__":
    main()
