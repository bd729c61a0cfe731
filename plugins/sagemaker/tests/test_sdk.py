"""AWS's own SDK lists and reads what trackbridge wrote, and trackbridge what the SDK wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import trackbridge as tb
from trackbridge import errors
from trackbridge.config import configure

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("sagemaker-sdk")]
PLAY = Path(__file__).with_name("sdk_play.py")


@pytest.fixture(scope="module")
def played(shared_place, tmp_path_factory):
    """Give the id of our run, and what the SDK saw and did."""
    configure(journal_dir=str(tmp_path_factory.mktemp("journal")), shipper="inline")
    with tb.start_run(
        "shared", "gbm", backend=shared_place.url, params={"lr": 0.1, "optimizer": "sgd"}, capture=False
    ) as run:
        for step in range(20):
            run.log_metric("loss", 1 / (step + 1), step=step)
        run.use_dataset(name="features", uri="s3://bucket/train.csv")
        run.log_text("weights", "model/weights.txt")
    with tb.connect(shared_place.url) as store:
        store.registry.register("ours", run_id=run.id, artifact="model")
        store.registry.transition("ours", 1, "Production")
    configure(journal_dir=None, shipper=None)
    account = shared_place.account
    command = [sys.executable, "-W", "ignore", str(PLAY), account.url, account.number, "shared"]
    play = subprocess.run(command, capture_output=True, text=True, check=False)
    assert play.returncode == 0, play.stderr[-3000:]
    return run.id, json.loads(play.stdout.splitlines()[-1])


def test_the_sdk_reads_our_runs(played):
    run_id, seen = played
    assert seen["table"] == [["gbm", 0.1, "sgd", 0.05, 20.0]]
    assert (seen["component"], seen["trials"]) == ([f"tb-{run_id}", "Completed"], 1)
    assert seen["outputs"] == ["artifacts", "record"]


def test_the_sdk_reads_our_models(played):
    assert played[1]["groups"] == ["ours"]
    assert played[1]["version"] == [1, "Production", "PendingManualApproval"]


def test_we_read_the_sdk_s_run(played, shared_place):
    with tb.connect(shared_place.url) as store:
        (found,) = store.runs.search("params.optimizer = 'adam'", experiments=["shared"])
        assert (found.params, found.tags["team"]) == ({"lr": 0.3, "optimizer": "adam"}, "sdk")
        again = store.runs.get(found.id)
        assert (again.experiment, again.native_id, again.status) == ("shared", found.native_id, "FINISHED")
        assert [one.uri for one in again.datasets] == ["s3://bucket/data.csv"]
        points = list(store.metrics.read(found.id))
        assert [(point.step, point.value) for point in points] == [(step, 1 / (step + 1)) for step in range(12)]
        assert again.metrics["loss"].count == 12
        assert len(list(store.runs.search(experiments=["shared"]))) == 2


def test_we_read_the_sdk_s_models(played, shared_place):
    with tb.connect(shared_place.url) as store:
        assert [(one.name, one.description) for one in store.registry.models()] == [
            ("ours", None),
            ("theirs", "made by the SDK"),
        ]
        (version,) = store.registry.versions("theirs")
        assert (version.number, version.stage, version.artifact_path) == (1, "None", "s3://bucket/model")


def test_what_we_did_not_write_we_do_not_change(played, shared_place):
    with tb.connect(shared_place.url) as store:
        (found,) = store.runs.search("params.optimizer = 'adam'", experiments=["shared"])
        with pytest.raises(errors.Rejected, match="did not write it"):
            store.runs.edit(found.id, tags={"team": "ours"})
