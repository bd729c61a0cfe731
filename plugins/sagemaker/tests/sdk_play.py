"""What a user of AWS's own SDK does beside us: ``python sdk_play.py ENDPOINT ACCOUNT EXPERIMENT`` says what it saw, as JSON.

It reads the experiment that trackbridge wrote, and then writes a run into it and a version into the model ``theirs``. The
SDK is slow to import, warns, and reports home unless a file tells it not to: hence a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path


def main(url: str, account: str, experiment: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        quiet = Path(folder) / "config.yaml"
        quiet.write_text("SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n")
        os.environ |= {
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(quiet),
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        return {**read(experiment), **write(experiment)}


def session() -> object:
    import boto3
    from sagemaker.core.helper.session_helper import Session

    clients = {
        "sagemaker_client": boto3.client("sagemaker"),
        "sagemaker_metrics_client": boto3.client("sagemaker-metrics"),
    }
    return Session(boto_session=boto3.Session(), default_bucket="bucket", **clients)


def read(experiment: str) -> dict[str, object]:
    from sagemaker.core.analytics import ExperimentAnalytics
    from sagemaker.core.experiments.experiment import Experiment
    from sagemaker.core.resources import ModelPackage, ModelPackageGroup, TrialComponent

    using = session()
    table = ExperimentAnalytics(sagemaker_session=using, experiment_name=experiment).dataframe()
    columns = ["DisplayName", "lr", "optimizer", "loss - Last", "loss - Count"]
    (component,) = TrialComponent.get_all(experiment_name=experiment)
    version = ModelPackage.get(model_package_name=one_package("ours"))
    return {
        "table": table[columns].values.tolist(),
        "trials": len(list(Experiment.load(experiment, sagemaker_session=using).list_trials())),
        "component": [component.trial_component_name, component.status.primary_status],
        "outputs": sorted(TrialComponent.get(component.trial_component_name).output_artifacts),
        "groups": [group.model_package_group_name for group in ModelPackageGroup.get_all()],
        "version": [version.model_package_version, version.model_life_cycle.stage, version.model_approval_status],
    }


def one_package(group: str) -> str:
    found = session().sagemaker_client.list_model_packages(ModelPackageGroupName=group)
    return found["ModelPackageSummaryList"][0]["ModelPackageArn"]


def write(experiment: str) -> dict[str, object]:
    from sagemaker.core.experiments.run import Run
    from sagemaker.core.resources import ModelPackageGroup

    with Run(experiment, run_name="theirs", sagemaker_session=session(), tags=[{"Key": "team", "Value": "sdk"}]) as run:
        run.log_parameters({"lr": 0.3, "optimizer": "adam"})
        for step in range(12):
            run.log_metric("loss", 1 / (step + 1), step=step)
        run.log_artifact("data", "s3://bucket/data.csv", is_output=False)
    ModelPackageGroup.create(model_package_group_name="theirs", model_package_group_description="made by the SDK")
    session().sagemaker_client.create_model_package(ModelPackageGroupName="theirs", SourceUri="s3://bucket/model")
    return {}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
