"""The vendor's high-level SDK, as its users use it: it is the first client, and knows nothing of this project."""

from __future__ import annotations

from typing import Any

from emulators.vertex import Server


def test_the_sdk_records_a_run_and_reads_it_back(init: Any, server: Server, project: str) -> None:
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
    assert server.remote(project).violations() == []
