"""The vendor's high-level SDK, as its users use it: it is the first client, and knows nothing of this project."""

from __future__ import annotations

from typing import Any

from emulators.vertex import Remote


def test_the_sdk_records_a_run_and_reads_it_back(init: Any, remote: Remote) -> None:
    board = init().Tensorboard.create(display_name="board")
    sdk = init(experiment="sdk-made", experiment_tensorboard=board)
    with sdk.start_run("first") as run:
        run.log_params({"lr": 0.01, "depth": 3, "name": "gbm"})
        run.log_metrics({"auc": 0.9, "loss": 0.25})
        for step in range(1, 4):
            run.log_time_series_metrics({"curve": step / 8}, step=step)
    with sdk.start_run("second"):
        sdk.log_params({"lr": 0.02})
    frame = sdk.get_experiment_df("sdk-made").set_index("run_name")
    assert frame.loc["first", "param.lr"] == 0.01
    assert frame.loc["first", "param.name"] == "gbm"
    assert frame.loc["first", "metric.auc"] == 0.9
    assert frame.loc["first", "time_series_metric.curve"] == 3 / 8
    assert set(frame["state"]) == {"COMPLETE"}
    read = sdk.ExperimentRun("first", experiment="sdk-made")
    assert read.get_params() == {"lr": 0.01, "depth": 3.0, "name": "gbm"}
    assert read.get_metrics() == {"auc": 0.9, "loss": 0.25}
    assert list(read.get_time_series_data_frame()["curve"]) == [1 / 8, 2 / 8, 3 / 8]
    assert remote.violations() == []


def test_the_sdk_resumes_a_run_and_deletes_it(init: Any, remote: Remote) -> None:
    sdk = init(experiment="sdk-made", experiment_tensorboard=False)
    with sdk.start_run("again"):
        sdk.log_params({"a": 1})
    with sdk.start_run("again", resume=True) as run:
        sdk.log_metrics({"b": 2.0})
    assert run.get_params() == {"a": 1}
    assert run.get_state() == "COMPLETE"
    assert [made.name for made in sdk.ExperimentRun.list(experiment="sdk-made")] == ["again"]
    run.delete()
    assert sdk.ExperimentRun.list(experiment="sdk-made") == []
    sdk.Experiment("sdk-made").delete()
    assert sdk.Experiment.list() == []
    assert remote.violations() == []


def test_the_sdk_draws_lineage(init: Any, remote: Remote) -> None:
    sdk = init(experiment="sdk-made", experiment_tensorboard=False)
    data = sdk.Artifact.create("system.Dataset", uri="gs://data/train.csv", display_name="train")
    fit = {"schema_title": "system.ContainerExecution", "display_name": "fit"}
    with sdk.start_run("lineage") as run, sdk.start_execution(**fit) as execution:
        execution.assign_input_artifacts([data])
        model = sdk.Artifact.create("system.Model", uri="gs://models/1", metadata={"auc": 0.9})
        execution.assign_output_artifacts([model])
    assert {artifact.uri for artifact in run.get_artifacts()} == {"gs://data/train.csv", "gs://models/1"}
    assert [found.display_name for found in run.get_executions()] == ["fit"]
    assert [found.uri for found in execution.get_input_artifacts()] == ["gs://data/train.csv"]
    assert [found.uri for found in execution.get_output_artifacts()] == ["gs://models/1"]
    assert [found.uri for found in sdk.Artifact.list(filter="metadata.auc.number_value > 0.5")] == ["gs://models/1"]
    assert remote.violations() == []


def test_the_sdk_registers_models(init: Any, remote: Remote) -> None:
    sdk = init()
    common = {"serving_container_image_uri": "gcr.io/p/image", "artifact_uri": "gs://bucket/model"}
    first = sdk.Model.upload(display_name="fraud", model_id="fraud", labels={"team": "risk"}, **common)
    second = sdk.Model.upload(
        parent_model=first.resource_name,
        display_name="fraud",
        is_default_version=False,
        version_aliases=["canary"],
        version_description="second",
        **common,
    )
    assert (first.version_id, second.version_id) == ("1", "2")
    registry = sdk.models.ModelRegistry("fraud")
    found = {info.version_id: list(info.version_aliases) for info in registry.list_versions()}
    assert found == {"1": ["default"], "2": ["canary"]}
    registry.add_version_aliases(["default", "live"], version="2")
    registry.remove_version_aliases(["canary"], version="2")
    assert sdk.Model("fraud").version_id == "2"
    assert sdk.Model("fraud@live").version_description == "second"
    assert sdk.Model("fraud", version="1").labels == {"team": "risk"}
    renamed = sdk.Model("fraud").update(display_name="fraud detection", description="scores")
    renamed.update(description="scores transactions")
    (listed,) = sdk.Model.list(filter='display_name="fraud detection"')
    assert listed.description == "scores transactions"
    registry.delete_version("1")
    listed.delete()
    assert sdk.Model.list() == []
    assert remote.violations() == []
