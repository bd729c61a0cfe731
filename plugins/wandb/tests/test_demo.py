"""The demo's script, as it is, on W&B by configuration alone: the same content as elsewhere (C2)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.server


def run(*command, **environment):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "other", ["local://{home}/store", pytest.param("mlflow+sqlite:///{home}/mlflow.db", marks=pytest.mark.full)]
)
def test_the_demo_is_equal_elsewhere(url, tmp_path, other):
    there = other.format(home=tmp_path)
    journals = str(tmp_path / "journals")
    home = {"TRACKBRIDGE_JOURNAL_DIR": journals, "TRACKBRIDGE_CONNECT_TIMEOUT_S": "120", "MPLBACKEND": "Agg"}
    for backend in (there, url):
        run("trackbridge.demo.train", TRACKBRIDGE_BACKEND=backend, **home)
    said = run("trackbridge", "verify", there, url, "--content", **home)
    assert "3 equal, 0 not" in said
