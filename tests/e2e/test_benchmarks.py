"""The benchmarks work; how fast things are is for ``make bench`` on a quiet machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("subject", ["importing", "journal", "reading", "searching"])
def test_a_benchmark_measures_something(subject: str) -> None:
    assert len(measured(subject)) >= 1


@pytest.mark.server
def test_a_server_is_measured_by_writing_and_reading(mlflow_sqlite: dict[str, str]) -> None:
    rows = measured("mlflow", "--mlflow", f"SQLite={mlflow_sqlite['url']}")
    assert [(row["what"].partition(", against ")[2], row["goal"]) for row in rows] == [
        ("log_batch", 0.9),
        ("log_metric", 20.0),
        ("get_metric_history", 0.8),
    ]


@pytest.mark.server
@pytest.mark.full
def test_servers_are_started_where_none_is_named() -> None:
    rows = measured("mlflow")
    assert [database for row in rows for database in ("SQLite", "PostgreSQL") if f"on {database}" in row["what"]] == [
        *["SQLite"] * 3,
        *["PostgreSQL"] * 3,
    ]


def measured(*arguments: str) -> list[dict]:
    command = [sys.executable, "-m", "benchmarks", *arguments, "--scale", "small", "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert all(row["ours_s"] > 0 and row["floor_s"] > 0 for row in rows)
    return rows
