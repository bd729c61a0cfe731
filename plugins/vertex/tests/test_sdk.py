"""What Google's own SDK makes of what trackbridge wrote, and trackbridge of what the SDK wrote."""

from __future__ import annotations

import math

import pytest

import trackbridge as tb
from trackbridge.records.metrics import MetricPoint

pytestmark = pytest.mark.server

OPTIONS = {"capture": False}


@pytest.fixture
def log(fresh, tmp_path):
    """Start runs on a project of the test's own, delivered inline."""
    tb.configure(shipper="inline", journal_dir=str(tmp_path), connect_timeout_s=60.0, finish_timeout_s=60.0)
    yield lambda **options: tb.start_run(backend=fresh.url(), **OPTIONS, **options)
    tb.configure(shipper=None, journal_dir=None, connect_timeout_s=None, finish_timeout_s=None)


def test_the_sdk_lists_reads_and_charts_our_runs(log, fresh, sdk):
    with log(experiment="fraud", name="gbm-baseline", params={"lr": 0.1, "depth": 3, "deep": True}) as parent:
        for step in range(1_500):
            parent.log_metric("loss", 1 / (step + 1), step=step, timestamp=1_000 * step)
        parent.log_metric("auc", 0.97, step=3)
        parent.use_dataset(name="features", version="3", digest="md5:00ff", uri="gs://data/train", context="training")
        parent.log_text("report", "docs/report.txt")
        with log(experiment="fraud", name="Fold 1", parent=parent.id) as child:
            child.log_param("fold", 1)
    google = sdk(fresh)
    frame = google.get_experiment_df("fraud").set_index("run_name")
    assert set(frame.index) == {"gbm-baseline", "fold-1"}
    row = frame.loc["gbm-baseline"]
    assert (row["param.lr"], row["param.depth"], row["param.deep"]) == (0.1, "3", True)
    assert (row["metric.auc"], row["metric.loss"]) == (0.97, 1 / 1_500)
    assert (row["state"], row["time_series_metric.auc"]) == ("COMPLETE", 0.97)
    run = google.ExperimentRun(parent.id, experiment="fraud")
    assert run.get_params() == {"lr": 0.1, "depth": "3", "deep": True}
    series = run.get_time_series_data_frame()
    assert set(series.columns) == {"step", "wall_time", "loss", "auc"}
    assert 1_000 <= len(series) <= 1_501  # the SDK reads samples of long series; we do not
    assert {each.display_name for each in run.get_artifacts()} >= {"features", "artifacts"}
    (execution,) = run.get_executions()
    assert [each.display_name for each in execution.get_input_artifacts()] == ["features"]
    below = google.ExperimentRun(child.id, experiment="fraud")
    assert run.resource_name in below._metadata_node.parent_contexts
    assert {each.name for each in google.ExperimentRun.list(experiment="fraud")} == {"gbm-baseline", "fold-1"}
    assert fresh.remote.violations() == []


def test_the_sdk_lists_our_runs_even_where_it_gives_the_experiment_a_tensorboard(log, fresh, sdk):
    for n, name in enumerate(("GBM Baseline (1)", None, "基準"), 1):
        log(experiment="fraud", name=name).finish()
        # This assigns the default TensorBoard, and listing makes a run in it for each, of the display name.
        google = sdk(fresh, experiment="fraud")
        assert len(google.get_experiment_df("fraud")) == n
    assert fresh.remote.violations() == []


def test_a_deleted_run_is_in_no_list_of_the_sdk(log, fresh, sdk):
    run = log(experiment="fraud", name="gone")
    run.finish()
    with tb.connect(fresh.url()) as store:
        store.runs.delete(run.id)
        google = sdk(fresh)
        assert google.ExperimentRun.list(experiment="fraud") == []
        store.runs.restore(run.id)
    assert [each.name for each in google.ExperimentRun.list(experiment="fraud")] == ["gone"]


def test_the_sdk_finds_our_models_versions_and_stages(log, fresh, sdk):
    with log(experiment="fraud") as run:
        run.log_text("weights", "model/weights.txt")
    with tb.connect(fresh.url(serving_image="gcr.io/p/image")) as store:
        for _ in range(3):
            store.registry.register("fraud-detection", run_id=run.id, artifact="model", description="scores")
        store.registry.transition("fraud-detection", 1, "Production", actor="ada")
        store.registry.transition("fraud-detection", 2, "Production", actor="ada", comment="better")
        store.registry.set_alias("fraud-detection", "champion", 3, actor="ada")
        store.registry.approve("fraud-detection", 2, actor="ada")
    google = sdk(fresh)
    registry = google.models.ModelRegistry("fraud-detection")
    found = {info.version_id: set(info.version_aliases) for info in registry.list_versions()}
    assert found == {"1": {"default"}, "2": {"production"}, "3": {"champion"}}
    model = google.Model("fraud-detection", version="production")
    assert (model.version_id, model.version_description) == ("2", "scores")
    assert model.labels["trackbridge_stage"] == "production"
    assert model.labels["trackbridge_approval"] == "approved"
    assert model.uri == f"gs://{fresh.bucket}/staging/trackbridge/runs/{run.id}/artifacts/model"
    acts = [each for each in google.Execution.list() if each.display_name.startswith("fraud-detection ")]
    assert sorted(each.metadata["action"] for each in acts) == ["approval", "set_alias", "transition", "transition"]
    assert {each.metadata["comment"] for each in acts} == {"", "better"}
    assert fresh.remote.violations() == []


def test_runs_that_the_sdk_made_are_read(fresh, sdk):
    google = sdk(fresh)
    board = google.Tensorboard.create(display_name="board")
    google = sdk(fresh, experiment="sdk-made", experiment_tensorboard=board)
    with google.start_run("first") as made:
        made.log_params({"lr": 0.01, "name": "gbm"})
        made.log_metrics({"auc": 0.9, "note": "fine"})
        for step in range(1, 4):
            made.log_time_series_metrics({"curve": step / 8}, step=step)
    with tb.connect(fresh.url()) as store:
        (run,) = store.runs.search(experiments=["sdk-made"])
        assert (run.name, run.status, run.experiment) == ("first", "FINISHED", "sdk-made")
        assert run.params == {"lr": 0.01, "name": "gbm"}
        assert {name: one.last for name, one in run.metrics.items()} == {"auc": 0.9, "curve": 3 / 8}
        assert run.attributes["_metrics.note"] == "fine"
        points = list(store.metrics.read(run.id))
        assert [(point.name, point.step, point.value) for point in points] == [
            ("auc", 0, 0.9), ("curve", 1, 1 / 8), ("curve", 2, 2 / 8), ("curve", 3, 3 / 8),
        ]  # fmt: skip
        store.runs.edit(run.id, tags={"team": "risk"}, notes="looked at")
    with tb.connect(fresh.url()) as store:
        again = store.runs.get(run.id)
        assert (again.tags, again.attributes["notes"]) == ({"team": "risk"}, "looked at")
        assert again.metrics["auc"].last == 0.9
        assert store.runs.get(run.id).id == run.id
        store.runs.delete(run.id)
        assert list(store.runs.search(experiments=["sdk-made"])) == []
    assert google.ExperimentRun.list(experiment="sdk-made") == []


def test_models_that_the_sdk_made_are_read_and_promoted(fresh, sdk):
    google = sdk(fresh)
    first = google.Model.upload(display_name="Fraud", labels={"team": "risk"})
    google.Model.upload(display_name="Fraud", parent_model=first.resource_name, version_description="second")
    with tb.connect(fresh.url()) as store:
        assert [model.name for model in store.registry.models()] == ["Fraud"]
        assert [version.number for version in store.registry.versions("Fraud")] == [1, 2]
        store.registry.transition("Fraud", 2, "Production", actor="ada")
        assert store.registry.get("Fraud", "Production").number == 2
    assert google.Model(first.resource_name, version="production").version_id == "2"


def test_what_the_sdk_changes_in_our_runs_is_read(log, fresh, sdk):
    run = log(experiment="fraud", name="ours", params={"lr": 0.1})
    run.flush()
    google = sdk(fresh)
    theirs = google.ExperimentRun(run.id, experiment="fraud")
    theirs.log_params({"more": "theirs"})
    run.log_params({"late": 1})
    run.log_series("loss", [0, 1], [math.nan, 0.5], [0, 1])
    run.flush()
    theirs = google.ExperimentRun(run.id, experiment="fraud")
    theirs.end_run(state=google.gapic.Execution.State.FAILED)
    with tb.connect(fresh.url()) as store:
        record = store.runs.get(run.id)
        assert (record.params, record.status) == ({"lr": 0.1, "more": "theirs", "late": 1}, "FAILED")
        assert list(store.metrics.read(run.id))[1] == MetricPoint("loss", 1, 1, 0.5)
    run.finish()
    with tb.connect(fresh.url()) as store:
        assert store.runs.get(run.id).status == "FINISHED"
