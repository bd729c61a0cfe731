"""Whole training scripts, with nothing changed but the URL: content equal to the default backend's and to MLflow's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import trackbridge as tb
from scripts import EXPERIMENTS, RUNS, contained, play_all

pytestmark = pytest.mark.server


@pytest.mark.parametrize("other", ["local", pytest.param("mlflow", marks=pytest.mark.full)])
def test_the_same_scripts_give_the_same_content(other, fresh, tmp_path, scripts_elsewhere):
    there = scripts_elsewhere(other)
    play_all(fresh.url(), tmp_path)
    contained(there, fresh.url())
    with tb.connect(fresh.url()) as store:
        assert len(list(store.runs.search(experiments=EXPERIMENTS))) == RUNS, "and nothing more"
    assert fresh.remote.violations() == []


LOADS = """
import sys
import trackbridge as tb
with tb.start_run("light", capture=False, params={"a": 1}) as run:
    run.log_metric("loss", 0.5)
    run.log_text("text", "file.txt")
theirs = ("google.api", "google.auth", "google.cloud.", "google.proto", "grpc", "proto", "requests")
loaded = [name for name in sys.modules if name.startswith(theirs)]
assert not loaded, loaded
print(run.id)
"""


def test_the_training_process_imports_nothing_of_googles(fresh, tmp_path):
    ours = {"TRACKBRIDGE_JOURNAL_DIR": str(tmp_path), "TRACKBRIDGE_CONNECT_TIMEOUT_S": "120"}
    environment = {**os.environ, **ours, "TRACKBRIDGE_BACKEND": fresh.url(), "TRACKBRIDGE_SHIPPER": "process"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOADS],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with tb.connect(fresh.url()) as store:
        assert store.runs.get(done.stdout.strip()).metrics["loss"].last == 0.5
