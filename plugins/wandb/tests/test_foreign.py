"""Runs that plain wandb scripts made: what of them is read, and what cannot be carried is named (R1)."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from trackbridge.protocol import Scan
from trackbridge.records.ids import new_run_id
from trackbridge.store import connect

pytestmark = pytest.mark.server

SCRIPT = """
import sys, wandb
run = wandb.init(project=sys.argv[1], name="plain", group="g", job_type="train", tags=["baseline", "old"], notes="by hand",
                 config={"lr": 0.1, "model": {"layers": [1, 2], "act": "relu"}})
for step in range(25):
    run.log({"loss": 1 / (step + 1), "nested": {"acc": step / 25}})
run.log({"loss": float("nan"), "table": wandb.Table(columns=["a"], data=[[1]]), "hist": wandb.Histogram([1, 2, 3])})
run.log({"late": 1}, step=100)
run.finish()
"""


@pytest.fixture(scope="module")
def script(wandb_server, tmp_path_factory):
    """A finished run of a plain script: its project."""
    home, project = tmp_path_factory.mktemp("plain"), f"plain-{new_run_id()[-10:]}"
    environment = {**wandb_server.environment, "PATH": "/usr/bin:/bin", "HOME": str(home), "WANDB_DIR": str(home)}
    subprocess.run([sys.executable, "-c", SCRIPT, project], env=environment, cwd=home, check=True, timeout=300)
    return project


def test_a_plain_run_is_read(url, script, backend):
    with connect(url) as store:
        (run,) = store.runs.search(experiments=[script])
        assert (run.name, run.status, run.experiment) == ("plain", "FINISHED", script)
        assert run.params["lr"] == 0.1
        assert run.params["model.layers"] == [1, 2]
        assert run.params["model.act"] == "relu"
        assert {"baseline": "", "old": ""}.items() <= run.tags.items()
        assert run.attributes["notes"] == "by hand"
        assert (run.attributes["wandb.group"], run.attributes["wandb.job_type"]) == ("g", "train")
        lost = str(run.attributes["wandb.not_carried"])
        assert "history table" in lost
        assert "history hist" in lost
        points = list(store.metrics.read(run.id))
    losses = [point for point in points if point.name == "loss"]
    assert [point.value for point in losses[:25]] == [1 / (step + 1) for step in range(25)]
    assert math.isnan(losses[25].value)
    assert [point.step for point in points if point.name == "late"] == [100]
    assert sum(point.name == "nested.acc" for point in points) == 25
    assert backend.adapter.runs.get([run.id])[run.id].id == run.id


def test_its_id_is_found_by_a_reader_who_never_saw_it(url, script, backend):
    (seen,) = backend.adapter.runs.scan(Scan(experiments=(script,)))
    with connect(url) as store:
        assert store.runs.get(seen.id).name == "plain"
        store.runs.edit(seen.id, tags={"ours": "1"})
        assert store.runs.get(seen.id).tags == {"baseline": "", "old": "", "ours": "1"}
        assert store.runs.get(seen.id).params["lr"] == 0.1


def test_what_it_logged_is_artifacts_too(url, script):
    with connect(url) as store:
        (run,) = store.runs.search(experiments=[script])
        paths = {artifact.path for artifact in store.artifacts.list(run.id)}
        assert "config.yaml" in paths
        assert any(path.startswith("media/table/") for path in paths)


SWEPT = """
import sys, wandb
sweep = wandb.sweep({"method": "grid", "parameters": {"lr": {"values": [0.1, 0.2]}}}, project=sys.argv[1])
run = wandb.init(project=sys.argv[1], config={"lr": 0.2}, settings=wandb.Settings(sweep_id=sweep))  # as an agent's run
run.log({"loss": 0.5})
run.finish()
print("sweep", sweep)
"""


def test_a_run_of_a_sweep_says_which(url, wandb_server, tmp_path):
    project = f"swept-{new_run_id()[-10:]}"
    environment = {
        **wandb_server.environment,
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "WANDB_DIR": str(tmp_path),
    }
    said = subprocess.run(
        [sys.executable, "-c", SWEPT, project],
        env=environment,
        cwd=tmp_path,
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    ).stdout
    sweep = next(line.removeprefix("sweep ") for line in said.splitlines() if line.startswith("sweep "))
    with connect(url) as store:
        (run,) = store.runs.search(experiments=[project])
        assert (run.attributes["wandb.sweep"], run.params["lr"], run.metrics["loss"].last) == (sweep, 0.2, 0.5)
