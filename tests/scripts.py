"""Whole training scripts, played with nothing changed but the URL, and the command that finds their content equal (C2)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["ELSEWHERE", "EXPERIMENTS", "RUNS", "contained", "play_all"]

EXPERIMENTS: Final = ("nasty – 実験 %41", "breast-cancer")
RUNS: Final = 5  # two of the nasty script, three of the demo
ELSEWHERE: Final = {"local": "local://{home}/store", "mlflow": "mlflow+sqlite:///{home}/mlflow.db"}

_NASTY: Final = Path(__file__).parent / "e2e" / "nasty.py"


def play_all(url: str, home: Path) -> None:
    """Play the nasty script and the demo's; what they keep on this machine lies in `home`."""
    home.mkdir(exist_ok=True)
    environment = {
        "TRACKBRIDGE_BACKEND": url,
        "TRACKBRIDGE_JOURNAL_DIR": str(home / "journals"),
        "TRACKBRIDGE_CONNECT_TIMEOUT_S": "120",  # a new database's tables take a while
        "MPLBACKEND": "Agg",
    }
    _python(str(_NASTY), str(home / "data.csv"), **environment)
    _python("-m", "trackbridge.demo.train", "--data", str(home / "data"), **environment)


def contained(source: str, target: str) -> None:
    """Have `trackbridge verify --content` find every run of the scripts in the target, and in the source nothing else."""
    verified = json.loads(_python("-m", "trackbridge", "verify", "--content", "--json", source, target))
    assert (verified["runs"], verified["equal"], verified["mismatches"]) == (RUNS, RUNS, [])


def _python(*command: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
