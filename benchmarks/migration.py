"""Moving runs between two MLflow servers, everything read back, against mlflow-export-import and a loop written by hand.

Then what workers and Ray come to, and what memory a long run takes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.migration_by_hand import move_by_hand
from benchmarks.migration_data import Bench, fill
from benchmarks.peak import peak_kib
from benchmarks.rounds import Measurement, Missing, Row, Scale, ratio
from trackbridge.migration import Engine, Migration, Selection, Side, Threads
from trackbridge.store import connect

__all__ = ["measurements"]

EXPORT_GOAL, HAND_GOAL, MEMORY_GOAL = 3.0, 0.8, 1.5

_ROUNDS: Final = 3
_WORKERS: Final = 4
_FEWER: Final = 100  # times the points, in the short run
_TARGET: Final = Path(__file__).parents[1] / ".venv" / "mlflow-export-import"
_PACKAGES: Final = ("mlflow-export-import", "tabulate", "databricks-cli", "pyjwt", "wheel")
_TIMEOUT_S: Final = 3_600


def measurements(scale: Scale) -> Iterator[Row]:
    """Move 50 small runs from server to server in several ways; then the same with more workers; then one long run."""
    runs = max(2, min(50, scale.runs[0] // 20))
    source, target = (scale.servers.url(name) for name in (scale.servers.databases[-1], scale.servers.databases[0]))
    if source == target:
        yield Missing("migration between two MLflow servers", "there is only one server")
    else:
        yield from _between(source, target, runs, min(scale.rounds, _ROUNDS), install=scale.install)
    yield from _engines(max(6, runs), min(scale.rounds, _ROUNDS))
    yield _memory(scale.most_points)


def _between(source: str, target: str, runs: int, rounds: int, *, install: bool) -> Iterator[Row]:
    ours: list[float] = []
    exported: list[float] = []
    by_hand: list[float] = []
    peer = _installed(install=install)
    for _ in range(rounds):
        data = fill(f"mlflow+{source}", runs)
        ours.append(_timed(lambda data=data: _move(f"mlflow+{source}", f"mlflow+{target}", data)))
        by_hand.append(_timed(lambda data=data: move_by_hand(source, target, data.experiment)))
        if peer:
            exported.append(_timed(lambda data=data: _export_import(source, target, data)))
    what = f"{runs} runs of 1,000 points and 3 artifacts from MLflow to MLflow, all read back,"
    if peer:
        yield ratio(
            f"{what} and 3 versions, against mlflow-export-import, which reads nothing back and leaves the versions out",
            ours,
            exported,
            goal=EXPORT_GOAL,
        )
    else:
        yield Missing(f"{what} against mlflow-export-import", "not installed")
    yield ratio(
        f"{what} and 3 versions, against a loop by hand that reads runs back too", ours, by_hand, goal=HAND_GOAL
    )


def _engines(runs: int, rounds: int) -> Iterator[Row]:
    """Compare workers and engines on this machine's disk, where nothing but this machine is in between."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        source = f"local://{folder}/source"
        data = fill(source, runs)
        taken = {
            workers: [_timed(lambda w=workers: _move(source, _new(folder), data, workers=w)) for _ in range(rounds)]
            for workers in (1, 2, 4)
        }
        for workers in (2, 4):
            yield ratio(f"{runs} runs local to local, {workers} workers against 1", taken[workers], taken[1], goal=None)
        if find_spec("ray") is None:
            yield Missing("Ray against local threads", "not installed")
            return
        clustered = [_on_ray(source, _new(folder), data) for _ in range(rounds)]
        yield ratio(f"{runs} runs local to local, Ray of 2 workers against 2 threads", clustered, taken[2], goal=None)


def _new(folder: str) -> str:
    return f"local://{folder}/target-{time.time_ns()}"


def _move(source_url: str, target_url: str, data: Bench, *, workers: int = _WORKERS) -> None:
    with connect(source_url) as source, connect(target_url) as target:
        sides = Side.of(source), Side.of(target)
        engine = Threads(*sides, verify="full", workers=workers)
        _carry(sides, data, engine)
        engine.close()


def _on_ray(source_url: str, target_url: str, data: Bench) -> float:
    from trackbridge.migration.cluster import Cluster

    with connect(source_url) as source, connect(target_url) as target:
        engine = Cluster(source.backend.url, target.backend.url, verify="full", workers=2)
        sides = Side.of(source), Side.of(target)
        taken = _timed(lambda: _carry(sides, data, engine))  # without the cluster's own start
        engine.close()
    return taken


def _carry(sides: tuple[Side, Side], data: Bench, engine: Engine) -> None:
    selection = Selection(experiments=(data.experiment,), models=(data.model,))
    result = Migration(*sides, selection, verify="full", engine=engine).run()
    assert result.good, [one for one in result.outcomes if not one.good]
    assert sum(one.kind == "run" for one in result.outcomes) == data.runs


def _timed(work: object) -> float:
    begun = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - begun


def _installed(*, install: bool) -> bool:
    """Tell whether mlflow-export-import is at hand, beside our own packages; it asks for ancient ones."""
    if install and not _TARGET.exists():
        from uv import find_uv_bin

        command = [find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
        subprocess.run([*command, "--target", str(_TARGET), *_PACKAGES], check=False)
    return (_TARGET / "mlflow_export_import").is_dir()


def _export_import(source: str, target: str, data: Bench) -> None:
    """Do as its README says, with runs alone: it imports versions only where artifacts are files of its own machine."""
    with tempfile.TemporaryDirectory() as folder:
        _run(source, folder, "export_experiments", "--output-dir", folder, "--experiments", data.experiment)
        _run(target, folder, "import_experiments", "--input-dir", folder)


def _run(server: str, folder: str, module: str, *options: str) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(_TARGET),
        "MLFLOW_TRACKING_URI": server,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", f"mlflow_export_import.bulk.{module}", *options]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr[-2000:]}")


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
