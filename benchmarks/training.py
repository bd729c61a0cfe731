"""What a training loop loses by logging, and how far what it logs lags behind at the server."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.rounds import Measurement, Scale

__all__ = ["measurements"]

LOSS_GOAL_PERCENT, AGE_GOAL_S = 1.0, 2.0

_SCRIPT: Final = Path(__file__).with_name("loop.py")
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_TIMEOUT_S: Final = 900


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Train with and without logging, step by step and loop by loop; then look at the server while a loop runs."""
    url = scale.servers.url()
    _train(scale.seconds, url)  # both meet their files and the server
    turns = [_train(scale.seconds, url, "turns") for _ in range(scale.pairs)]
    steps = [(turn["logged"], turn["bare"]) for turn in turns]
    yield _lost(
        steps, "cpu_s", "process CPU that a training loop loses, 2,000 points/s to MLflow", goal=LOSS_GOAL_PERCENT
    )
    yield _lost(steps, "busy_s", "time of its steps that a training loop loses, 2,000 points/s to MLflow", goal=None)
    loops = [(_train(scale.seconds, url), _train(scale.seconds)) for _ in range(scale.pairs)]
    what = "process CPU of a loop that shares its processors with shipper and server, against a loop alone"
    yield _lost(loops, "cpu_s", what, goal=None)
    ages = sorted(_train(max(4 * scale.seconds, 3.0), url, "age")["ages_s"])
    yield Measurement(
        what="oldest point not yet at the server, 2,000 points/s, its greatest age",
        ours_s=statistics.median(ages),
        floor_s=0.0,
        value=ages[-1],
        unit=" s",
        goal=AGE_GOAL_S,
        at_least=False,
        spread=(ages[0], ages[-1]),
        amounts=(f"{statistics.median(ages):.2f} s at the median", ""),
    )


def _lost(
    pairs: list[tuple[dict[str, Any], dict[str, Any]]], key: str, what: str, *, goal: float | None
) -> Measurement:
    lost = sorted(100 * (ours[key] - bare[key]) / bare[key] for ours, bare in pairs)
    return Measurement(
        what=f"{what}, {len(pairs)} pairs",
        ours_s=statistics.median(ours[key] for ours, _ in pairs),
        floor_s=statistics.median(bare[key] for _, bare in pairs),
        value=statistics.median(lost),
        unit=" %",
        goal=goal,
        at_least=False,
        spread=(lost[0], lost[-1]),
    )


def _train(seconds: float, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(_SCRIPT), str(seconds), *arguments]
    done = subprocess.run(
        command, env={**os.environ, **_ONE_THREAD}, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
