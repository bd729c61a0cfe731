"""Runs as MLflow's own client makes them, without trackbridge: ``python migration_foreign.py TRACKING_URI``."""

from __future__ import annotations

import math
import sys
import warnings
from pathlib import Path
from urllib.parse import urlsplit

warnings.simplefilter("ignore")

import mlflow  # noqa: E402
from mlflow.data.http_dataset_source import HTTPDatasetSource  # noqa: E402
from mlflow.data.meta_dataset import MetaDataset  # noqa: E402
from mlflow.entities import LoggedModelInput, LoggedModelOutput  # noqa: E402


@mlflow.trace
def add(x: float) -> float:
    return x + 1


def main(uri: str) -> None:
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    experiment = mlflow.set_experiment("foreign")
    client = mlflow.MlflowClient(uri, uri)
    client.set_experiment_tag(experiment.experiment_id, "team", "risk")
    with mlflow.start_run(run_name="parent", description="notes!") as parent:
        mlflow.log_params({"lr": 0.1, "long": "x" * 5_000})
        mlflow.set_tags({"team": "risk", "mlflow.custom": "kept"})
        data = MetaDataset(HTTPDatasetSource("https://example.com/d.csv"), name="rows", digest="abc123")
        mlflow.log_input(data, context="training", tags={"split": "all"})
        with mlflow.start_run(nested=True):
            mlflow.log_text("hi", "a/b.txt")
            for step in range(30):
                mlflow.log_metric("loss", 1 / (step + 1), step=step)
        add(math.nan)
        model = client.create_logged_model(
            experiment.experiment_id,
            name="model",
            source_run_id=parent.info.run_id,
            params={"depth": "3"},
            tags={"t": "v"},
        )
        files = Path(urlsplit(model.artifact_location).path)
        files.mkdir(parents=True, exist_ok=True)
        (files / "MLmodel").write_text("flavors: {}\n")
        client.finalize_logged_model(model.model_id, "READY")
        client.log_outputs(parent.info.run_id, [LoggedModelOutput(model.model_id, 3)])
        client.log_inputs(parent.info.run_id, models=[LoggedModelInput(model.model_id)])
    add(2)
    mlflow.flush_trace_async_logging()
    client.create_registered_model("lin", tags={"owner": "ann"}, description="a line")
    client.create_model_version("lin", f"runs:/{parent.info.run_id}/model", parent.info.run_id, description="first")
    client.create_model_version("lin", f"runs:/{parent.info.run_id}/model", parent.info.run_id)
    client.transition_model_version_stage("lin", "1", "Production")
    client.set_registered_model_alias("lin", "champion", "2")
    with mlflow.start_run(run_name="gone") as gone:
        mlflow.log_metric("loss", 1.0)
    client.delete_run(gone.info.run_id)
    with mlflow.start_run(run_name="failed"):
        mlflow.end_run("FAILED")


if __name__ == "__main__":
    main(sys.argv[1])
