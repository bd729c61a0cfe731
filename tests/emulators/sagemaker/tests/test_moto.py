"""Side by side with moto, step by step: each answer is equal, or differs for the reason written down here.

A difference that no longer shows fails too: the list is exact. README.md sums it up.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import datetime
from typing import NamedTuple

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
COMPONENT_ARN, PACKAGE_ARN = f"{ARN}:experiment-trial-component/comp", f"{ARN}:model-package/models/1"
TAGS = [{"Key": "team", "Value": "risk"}]
POINT = {
    "TrialComponentName": "comp",
    "MetricData": [{"MetricName": "loss", "Timestamp": int(time.time()), "Step": 0, "Value": 1.0}],
}
ONE, TWO = {"NumberValue": 1.0}, {"StringValue": "two"}


class Step(NamedTuple):
    """A call, and why its answers differ, if they do."""

    operation: str
    request: dict
    why: str = ""
    service: str = "sagemaker"


def named(value, name="TrialComponentName"):
    return {"Filters": [{"Name": name, "Operator": "Equals", "Value": value}]}


STEPS = [
    Step("create_experiment", {"ExperimentName": "exp", "Tags": TAGS}),
    Step("create_experiment", {"ExperimentName": "exp"}, "moto overwrites; names are unique (CreateExperiment)"),
    Step("create_experiment", {"ExperimentName": "a_b"}, "moto checks no pattern (ExperimentEntityName)"),
    Step("describe_experiment", {"ExperimentName": "exp"}, "moto gives no DisplayName, CreatedBy, LastModifiedBy"),
    Step("describe_experiment", {"ExperimentName": "none"}, "moto falls over (500)"),
    Step("create_trial", {"TrialName": "trial", "ExperimentName": "exp"}),
    Step("create_trial", {"TrialName": "lost", "ExperimentName": "none"}, "moto makes trials of no experiment"),
    Step("describe_trial", {"TrialName": "trial"}, "moto gives no DisplayName, CreatedBy, LastModifiedBy"),
    Step("create_trial_component", {"TrialComponentName": "comp", "Parameters": {"a": ONE, "b": TWO}, "Tags": TAGS}),
    Step("create_trial_component", {"TrialComponentName": "comp"}, "moto overwrites; names are unique"),
    Step("describe_trial_component", {"TrialComponentName": "comp"}, "moto has overwritten it; it gives empty members"),
    Step("update_trial_component", {"TrialComponentName": "comp", "Parameters": {"c": ONE}}),
    Step("describe_trial_component", {"TrialComponentName": "comp"}, "moto replaces Parameters; they are merged"),
    Step(
        "batch_put_metrics", POINT, "moto answers an empty list of Errors, which has one at least", "sagemaker-metrics"
    ),
    Step(
        "batch_put_metrics",
        {**POINT, "TrialComponentName": "none"},
        "moto makes it an item's error",
        "sagemaker-metrics",
    ),
    Step("associate_trial_component", {"TrialComponentName": "comp", "TrialName": "trial"}),
    Step("associate_trial_component", {"TrialComponentName": "none", "TrialName": "trial"}, "moto falls over (500)"),
    Step("list_trial_components", {"TrialName": "trial"}, "moto gives no DisplayName, CreatedBy, LastModifiedBy"),
    Step("list_trials", {"ExperimentName": "exp"}, "moto gives no DisplayName"),
    Step(
        "search",
        {"Resource": "ExperimentTrialComponent", "SearchExpression": named("comp")},
        "moto gives no Parents and no TotalHits",
    ),
    Step("search", {"Resource": "ExperimentTrialComponent", "SearchExpression": named("x", "Colour")}),
    Step("list_tags", {"ResourceArn": COMPONENT_ARN}, "moto has lost them with the second creation"),
    Step("add_tags", {"ResourceArn": COMPONENT_ARN, "Tags": TAGS}),
    Step("delete_tags", {"ResourceArn": COMPONENT_ARN, "TagKeys": ["team"]}),
    Step("list_tags", {"ResourceArn": COMPONENT_ARN}),
    Step("delete_trial_component", {"TrialComponentName": "comp"}, "moto deletes what is associated"),
    Step("delete_experiment", {"ExperimentName": "exp"}, "moto deletes an experiment with trials"),
    Step("create_model_package_group", {"ModelPackageGroupName": "models"}),
    Step("create_model_package_group", {"ModelPackageGroupName": "models"}, "moto overwrites"),
    Step(
        "describe_model_package_group", {"ModelPackageGroupName": "models"}, "moto gives no CreatedBy: it is required"
    ),
    Step("describe_model_package_group", {"ModelPackageGroupName": "none"}),
    Step("list_model_package_groups", {}),
    Step(
        "create_model_package",
        {"ModelPackageGroupName": "models", "SourceUri": "s3://b/k", "ClientToken": "t"},
    ),
    Step("create_model_package", {"ModelPackageGroupName": "none", "SourceUri": "s3://b/k"}),
    Step("describe_model_package", {"ModelPackageName": PACKAGE_ARN}, "moto drops SourceUri and its default approval"),
    Step("update_model_package", {"ModelPackageArn": PACKAGE_ARN, "ModelApprovalStatus": "Approved"}),
    Step(
        "update_model_package",
        {"ModelPackageArn": PACKAGE_ARN, "ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"}},
    ),
    Step("list_model_packages", {"ModelPackageGroupName": "models"}, "moto drops ModelLifeCycle and the approval"),
]


@pytest.fixture(scope="module")
def moto():
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    once = Config(retries={"total_max_attempts": 1})
    yield {
        name: boto3.client(name, endpoint_url=f"http://{host}:{port}", config=once, **keys)
        for name in ("sagemaker", "sagemaker-metrics")
    }
    server.stop()


def outcome(clients, step):
    try:
        answer = getattr(clients[step.service], step.operation)(**step.request)
    except ClientError as error:
        return [error.response["Error"]["Code"]]
    answer.pop("ResponseMetadata")
    return json.loads(json.dumps(answer, default=lambda value: "time" if isinstance(value, datetime) else str(value)))


def test_every_step(moto, account, clients):
    ours, theirs = ([outcome(both, step) for step in STEPS] for both in (clients, moto))
    unexplained = [
        (index, step.operation, mine, other)
        for index, (step, mine, other) in enumerate(zip(STEPS, ours, theirs, strict=True))
        if (mine != other) != bool(step.why)
    ]
    assert unexplained == []
