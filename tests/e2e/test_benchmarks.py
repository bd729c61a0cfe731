"""The benchmarks work; how fast things are is for ``make bench`` on a quiet machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import PAGE, SUBJECTS
from benchmarks.rounds import Measurement, Missing
from benchmarks.table import write

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("subject", ["capture", "importing", "logging", "memory", "reading", "searching"])
def test_a_benchmark_measures_something(subject: str) -> None:
    assert len(measured(subject)) >= 1


@pytest.mark.server
@pytest.mark.full
def test_other_trackers_are_measured_or_said_to_be_missing(mlflow_sqlite: dict[str, str]) -> None:
    rows = measured("peers", "--mlflow", f"SQLite={mlflow_sqlite['url']}")
    assert len(rows) == 11
    assert {row["what"].partition(", against ")[2] for row in rows if "why" not in row} >= {"MLflow, to a server"}
    assert all(row["why"].startswith("not installed") for row in rows if "why" in row)


@pytest.mark.server
def test_a_training_loop_is_measured(mlflow_sqlite: dict[str, str]) -> None:
    rows = measured("training", "--mlflow", f"SQLite={mlflow_sqlite['url']}")
    assert [row["goal"] for row in rows] == [1.0, None, None, 2.0]


def test_tables_go_where_the_page_has_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- measured: a -->\nold\n<!-- end -->\n<!-- measured: b -->\nkept\n<!-- end -->\n")
    row = Measurement("speed", 1e-6, 2e-6, 2.0, "×", 4.0, at_least=True, spread=(1.0, 3.0))
    for _ in range(2):
        write(page, {"a": [row, Missing("another", "not installed")]})
    text = page.read_text()
    assert "| speed | 1 µs | 2 µs | 2.00× | 1.00 … 3.00 | ≥ 4× | ✗ |" in text
    assert "| another | not installed |" in text
    assert "**Missed:** speed." in text
    assert text.count("Measured on") == 1
    assert "kept" in text
    assert "old" not in text


def test_every_subject_has_its_place_in_the_docs() -> None:
    assert all(f"<!-- measured: {subject} -->" in PAGE.read_text() for subject in SUBJECTS)


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
    assert all("why" in row or row["ours_s"] > 0 for row in rows)
    return rows
