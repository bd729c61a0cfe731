"""The benchmark of migrations works; how fast they are is for ``make bench`` on a quiet machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.server
@pytest.mark.full
def test_migrations_are_measured(mlflow_sqlite: dict[str, str]) -> None:
    options = ["--mlflow", f"SQLite={mlflow_sqlite['url']}"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "migration", "--scale", "small", "--json", *options],
        cwd=PROJECT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["what"] for row in rows if "why" in row] == ["migration between two MLflow servers"]
    assert [row["goal"] for row in rows if "why" not in row] == [None, None, None, None, None, 1.5]
