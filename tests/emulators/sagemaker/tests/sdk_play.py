"""What a user of AWS's own SDK does, against an endpoint: ``python sdk_play.py URL`` says what it saw, as JSON.

The SDK is slow to import, warns, and reports home unless a file tells it not to: hence a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path


def main(url: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        quiet = Path(folder) / "config.yaml"
        quiet.write_text("SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n")
        os.environ |= {
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(quiet),
            "AWS_ENDPOINT_URL": url,  # for the clients that the SDK makes of itself
            "AWS_ACCESS_KEY_ID": "123456789012",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return {**runs(), **lineage(), **registry()}


def session() -> object:
    import boto3
    from sagemaker.core.helper.session_helper import Session

    clients = {
        "sagemaker_client": boto3.client("sagemaker"),
        "sagemaker_metrics_client": boto3.client("sagemaker-metrics"),
    }
    return Session(boto_session=boto3.Session(), default_bucket="bucket", **clients)


def runs() -> dict[str, object]:
    from sagemaker.core.analytics import ExperimentAnalytics
    from sagemaker.core.experiments.experiment import Experiment
    from sagemaker.core.experiments.run import Run, list_runs, load_run

    using = session()
    for name, loss in (("one", 0.5), ("two", 0.25)):
        with Run("sdk", run_name=name, sagemaker_session=using, tags=[{"Key": "team", "Value": "risk"}]) as run:
            run.log_parameters({"lr": 0.1, "optimizer": "adam"})
            for step in range(12):  # more than one batch
                run.log_metric("loss", loss / (step + 1), step=step)
            run.log_artifact("data", "s3://bucket/data.csv", media_type="text/csv", is_output=False)
    with load_run(experiment_name="sdk", run_name="one", sagemaker_session=using) as run:
        run.log_parameter("late", "yes")
    table = ExperimentAnalytics(
        sagemaker_session=using, experiment_name="sdk", sort_by="metrics.loss.min", sort_order="Ascending"
    )
    experiment = Experiment.load("sdk", sagemaker_session=using)
    return {
        "runs": sorted(run.run_name for run in list_runs("sdk", sagemaker_session=using)),
        "trials": [trial.trial_name for trial in experiment.list_trials()],
        "table": table.dataframe()[["DisplayName", "lr", "optimizer", "loss - Count", "loss - Min"]].values.tolist(),
    }


def lineage() -> dict[str, object]:
    from sagemaker.core.lineage.artifact import Artifact
    from sagemaker.core.lineage.association import Association
    from sagemaker.core.lineage.query import LineageQuery, LineageQueryDirectionEnum

    using = session()
    made = [
        Artifact.create(
            artifact_name=name, source_uri=f"s3://bucket/{name}", artifact_type=type_, sagemaker_session=using
        )
        for name, type_ in (("data", "DataSet"), ("model", "Model"))
    ]
    arns = [one.artifact_arn for one in made]
    Association.create(
        source_arn=arns[0], destination_arn=arns[1], association_type="ContributedTo", sagemaker_session=using
    )
    ascendants = LineageQuery(using).query(start_arns=[arns[1]], direction=LineageQueryDirectionEnum.ASCENDANTS)
    made[0].delete(disassociate=True)
    return {
        "ascendants": [vertex.arn == arns[0] for vertex in ascendants.vertices],
        "artifacts": [one.artifact_name for one in Artifact.list(sagemaker_session=using)],
    }


def registry() -> dict[str, object]:
    """Of versions, the SDK (sagemaker-core 2.27) can only read one by its ARN.

    Its create looks for a ModelPackageName in the answer, its list and update for one in what they read back, and the
    service gives none (sagemaker-python-sdk#5606).
    """
    from sagemaker.core.resources import ModelPackage, ModelPackageGroup

    ModelPackageGroup.create(model_package_group_name="sdk-models", model_package_group_description="models")
    made = session().sagemaker_client.create_model_package(
        ModelPackageGroupName="sdk-models",
        SourceUri="s3://bucket/model",
        ModelLifeCycle={"Stage": "Staging", "StageStatus": "PendingApproval"},
    )
    found = ModelPackage.get(model_package_name=made["ModelPackageArn"])
    groups = [one.model_package_group_name for one in ModelPackageGroup.get_all()]
    return {"version": [found.model_package_version, found.model_life_cycle.stage], "groups": groups}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])))
