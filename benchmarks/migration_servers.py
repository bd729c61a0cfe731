"""Moving runs from one MLflow server to another, everything read back, against mlflow-export-import and a loop by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.link import far
from benchmarks.migration_by_hand import move_by_hand
from benchmarks.migration_data import Bench, fill
from benchmarks.moving import move, timed
from benchmarks.rounds import Missing, Row, Scale, ratio

__all__ = ["between_servers"]

EXPORT_GOAL, HAND_GOAL = 3.0, 0.8

_ROUNDS: Final = 2
_WORKERS: Final = 8
_ROUND_TRIP_MS: Final = 20.0
_TARGET: Final = Path(__file__).parents[1] / ".venv" / "mlflow-export-import"
_PACKAGES: Final = ("mlflow-export-import", "tabulate", "databricks-cli", "pyjwt", "wheel")
_TIMEOUT_S: Final = 3_600


@dataclass(frozen=True)
class _Where:
    """A pair of servers: of how many processes each, and how far away."""

    what: str
    processes: int
    round_trip_ms: float = 0.0


_DEFAULT: Final = _Where("as MLflow starts them, of four processes each", 4)
_SINGLE: Final = _Where("of one process each", 1)
_FAR: Final = _Where(f"of one process each, {_ROUND_TRIP_MS:.0f} ms away", 1, _ROUND_TRIP_MS)
_GIVEN: Final = _Where("that ran already", 0)


def between_servers(scale: Scale) -> Iterator[Row]:
    """Move 50 small runs and a model, in three ways, between servers of several kinds."""
    if len(scale.servers.databases) < 2:
        yield Missing("migration between two MLflow servers", "there is only one server")
        return
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    runs, peer = max(2, min(50, scale.runs[0] // 20)), _installed(install=scale.install)
    for where in (_DEFAULT, _SINGLE, _FAR) if scale.servers.own else (_GIVEN,):
        yield from _between(where, runs, scale, peer=peer)


def _between(where: _Where, runs: int, scale: Scale, *, peer: bool) -> Iterator[Row]:
    ours: list[float] = []
    exported: list[float] = []
    by_hand: list[float] = []
    first, second = (scale.servers.url(name, where.processes) for name in reversed(scale.servers.databases[:2]))
    with ExitStack() as links:
        source, target = (
            links.enter_context(far(url, where.round_trip_ms)) if where.round_trip_ms else url
            for url in (first, second)
        )
        _all_ways(
            source, target, fill(f"mlflow+{first}", 2), [], [], [] if peer else None
        )  # both sides meet the servers
        for _ in range(min(scale.rounds, _ROUNDS)):
            data = fill(f"mlflow+{first}", runs)
            _all_ways(source, target, data, ours, by_hand, exported if peer else None)
    what = f"{runs} runs between MLflow servers {where.what},"
    if peer:
        yield ratio(f"{what} against mlflow-export-import", ours, exported, goal=EXPORT_GOAL)
    else:
        yield Missing(f"{what} against mlflow-export-import", "not installed")
    yield ratio(f"{what} against a loop by hand", ours, by_hand, goal=HAND_GOAL)


def _all_ways(
    source: str, target: str, data: Bench, ours: list[float], by_hand: list[float], exported: list[float] | None
) -> None:
    ours.append(timed(lambda: move(f"mlflow+{source}", f"mlflow+{target}", data, workers=_WORKERS)))
    by_hand.append(timed(lambda: move_by_hand(source, target, data.experiment)))
    if exported is not None:
        exported.append(timed(lambda: _export_import(source, target, data)))


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
