"""Other trackers: what one call of each costs, and an empty run, against ours; each alone in its process, in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.rounds import Missing, Row, Scale, ratio

__all__ = ["measurements"]

_SCRIPT: Final = Path(__file__).with_name("peer.py")
_ENVIRONMENT: Final = Path(__file__).parents[1] / ".venv" / "peers"
_TIMEOUT_S: Final = 300
_FEW: Final = 100  # calls, where each takes milliseconds
_ROUNDS: Final = 3  # each starts every tracker anew, which takes most of the time


@dataclass(frozen=True)
class _Peer:
    name: str
    module: str
    title: str
    goal: float | None = None
    on_server: bool = False
    slow: bool = False


_PEERS: Final = (
    _Peer("wandb", "wandb", "wandb, offline", 200.0),
    _Peer("trackio", "trackio", "trackio", 20.0),
    _Peer("mlflow", "mlflow", "MLflow, to a server", None, on_server=True, slow=True),
    _Peer("mlflow-async", "mlflow", "MLflow, asynchronous, to a server", None, on_server=True, slow=True),
    _Peer("tensorboardX", "tensorboardX", "tensorboardX"),
    _Peer("neptune-scale", "neptune_scale", "neptune-scale, offline", slow=True),
)
_OURS: Final = _Peer("trackbridge", "trackbridge", "")
_QUIET: Final = {
    "WANDB_SILENT": "true",
    "NEPTUNE_API_TOKEN": "none",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
}


class _AbsentError(Exception):
    """A tracker is not installed."""


def measurements(scale: Scale) -> Iterator[Row]:
    """Log one metric a call, by each tracker's own function for it; then begin and end a run."""
    if scale.install:
        _install()
    for calls, what in ((scale.calls, "a call of log_metric"), (0, "an empty run, Python's start and end included")):
        ours: list[float] = []
        theirs: dict[str, list[float]] = {peer.name: [] for peer in _PEERS}
        why: dict[str, str] = {}
        for _ in range(min(scale.rounds, _ROUNDS)):
            ours.append(_cost(_OURS, calls, scale))
            for peer in _PEERS:
                try:
                    theirs[peer.name].append(_cost(peer, calls, scale))
                except _AbsentError as error:
                    why[peer.name] = str(error)
        for peer in _PEERS:
            row = f"{what}, against {peer.title}"
            if peer.name in why:
                yield Missing(row, f"not installed: {why[peer.name]}")
            elif calls or peer.name != "mlflow-async":
                yield ratio(row, ours, theirs[peer.name], goal=peer.goal if calls else None)


def _cost(peer: _Peer, calls: int, scale: Scale) -> float:
    """Give the seconds of a call, or of the whole process where there are none."""
    own = peer.module != "trackbridge" and find_spec(peer.module) is None
    python = _ENVIRONMENT / "bin" / "python" if own else Path(sys.executable)
    if not python.exists():
        raise _AbsentError(f"no module named {peer.module}")
    url = scale.servers.url() if peer.on_server else ""
    calls = min(calls, _FEW) if peer.slow else calls
    begun = time.perf_counter()
    command = [str(python), str(_SCRIPT), peer.name, str(calls), url]
    done = subprocess.run(
        command, env={**os.environ, **_QUIET}, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    took = time.perf_counter() - begun
    if done.returncode:
        raise RuntimeError(f"{peer.name} failed: {done.stderr[-2000:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    if "missing" in answer:
        raise _AbsentError(answer["missing"])
    return float(answer["ns"]) / 1e9 if calls else took


def _install() -> None:
    """Make an environment of its own for those that are not in ours; one that cannot be had is said to be missing."""
    from uv import find_uv_bin

    missing = [peer.name for peer in _PEERS if find_spec(peer.module) is None]
    if not missing:
        return
    uv = find_uv_bin()
    subprocess.run(
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(_ENVIRONMENT)], check=True
    )
    python = str(_ENVIRONMENT / "bin" / "python")
    for name in missing:
        done = subprocess.run([uv, "pip", "install", "--quiet", "--python", python, name], check=False)
        if done.returncode:
            print(f"{name} cannot be installed here", file=sys.stderr)
