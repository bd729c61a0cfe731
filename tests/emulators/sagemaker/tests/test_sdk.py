"""AWS's own SDK, written against the service itself, finds what it expects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("sagemaker-sdk")  # the play is one process of some seconds, not one a worker
PLAY = Path(__file__).with_name("sdk_play.py")


@pytest.fixture(scope="module")
def seen(emulator) -> dict[str, object]:
    account = emulator.account()
    account.restore()
    account.empty()
    play = subprocess.run(
        [sys.executable, "-W", "ignore", str(PLAY), emulator.url], capture_output=True, text=True, check=False
    )
    assert play.returncode == 0, play.stderr[-3000:]
    return {**json.loads(play.stdout.splitlines()[-1]), "calls": account.calls()}


def test_runs_parameters_and_metrics(seen):
    assert seen["runs"] == ["one", "two"]
    assert seen["trials"] == ["Default-Run-Group-sdk"]
    assert seen["table"] == [
        ["sdk-two", 0.1, "adam", 12.0, pytest.approx(0.25 / 12)],
        ["sdk-one", 0.1, "adam", 12.0, pytest.approx(0.5 / 12)],
    ]


def test_lineage(seen):
    assert (seen["ascendants"], seen["artifacts"]) == ([True], ["model"])


def test_the_registry(seen):
    assert (seen["version"], seen["groups"]) == ([1, "Staging"], ["sdk-models"])


def test_nothing_that_it_sent_broke_the_model(seen):
    """It meets "already exists" where it loads what it made before, and nothing else."""
    wrong = [(one.operation, one.outcome) for one in seen["calls"] if one.outcome != "ok"]
    assert {operation for operation, _ in wrong} <= {"CreateExperiment", "CreateTrial", "CreateTrialComponent"}
    assert {outcome for _, outcome in wrong} == {"ValidationException"}
    assert len(seen["calls"]) > 40
