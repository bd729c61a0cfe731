"""Moving everything elsewhere: between servers, from disk to disk with workers and with Ray, to an archive, one long run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from benchmarks.migration_data import fill
from benchmarks.migration_servers import between_servers
from benchmarks.moving import move, move_on_ray, timed
from benchmarks.peak import peak_kib
from benchmarks.rounds import Measurement, Missing, Row, Scale, ratio

__all__ = ["measurements"]

MEMORY_GOAL = 1.5

_ROUNDS: Final = 3
_SMALL_POINTS: Final = 10
_FEWER: Final = 100  # times the points, in the short run


def measurements(scale: Scale) -> Iterator[Row]:
    """Move runs between servers, then from disk to disk; then many small ones; then one long one."""
    yield from between_servers(scale)
    yield from _engines(max(6, min(50, scale.runs[0] // 20)), min(scale.rounds, _ROUNDS))
    yield from _archived(scale.runs[0])
    yield _memory(scale.most_points)


def _engines(runs: int, rounds: int) -> Iterator[Row]:
    """Compare workers and engines on this machine's disk, where nothing but this machine is in between."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source = f"local://{folder}/source"
        data = fill(source, runs)
        taken = {
            workers: [timed(lambda w=workers: move(source, _new(folder), data, workers=w)) for _ in range(rounds)]
            for workers in (1, 2, 4)
        }
        for workers in (2, 4):
            yield ratio(f"{runs} runs local to local, {workers} workers against 1", taken[workers], taken[1], goal=None)
        if find_spec("ray") is None:
            yield Missing("Ray against local threads", "not installed")
            return
        clustered = [move_on_ray(source, _new(folder), data, workers=2) for _ in range(rounds)]
        yield ratio(f"{runs} runs local to local, Ray of 2 workers against 2 threads", clustered, taken[2], goal=None)


def _archived(runs: int) -> Iterator[Row]:
    """Put many small runs into an archive and take them out again."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source, archive = f"local://{folder}/source", f"archive+file://{folder}/archive"
        data = fill(source, runs, points=_SMALL_POINTS, files=0)
        aside, there, home = (
            timed(lambda ends=ends: move(*ends, data))
            for ends in ((source, _new(folder)), (source, archive), (archive, _new(folder)))
        )
        what = f"{runs:,} runs of {_SMALL_POINTS} points and no artifacts,"
        yield ratio(f"{what} local to archive, against local to local", [there], [aside], goal=None)
        yield ratio(f"{what} archive to local, against local to local", [home], [aside], goal=None)


def _new(folder: str) -> str:
    return f"local://{folder}/target-{time.time_ns()}"


def _memory(points: int) -> Measurement:
    many, few = points, max(points // _FEWER, 1)
    large_kib, small_kib = _peak_kib(many), _peak_kib(few)
    value = large_kib / small_kib
    return Measurement(
        what=f"peak memory of moving a run of {many:,} points, all read back, against {few:,}",
        ours_s=float(large_kib),
        floor_s=float(small_kib),
        value=value,
        unit="×",
        goal=MEMORY_GOAL,
        at_least=False,
        spread=(value, value),
        amounts=(f"{large_kib / 1024:.0f} MiB", f"{small_kib / 1024:.0f} MiB"),
    )


def _peak_kib(points: int) -> int:
    """Move one run from disk to disk in a process of its own, and give the greatest size that had in memory."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"local://{folder}/source", f"local://{folder}/target"
        fill(source, 1, points=points)
        return peak_kib("trackbridge", "migrate", source, target)
