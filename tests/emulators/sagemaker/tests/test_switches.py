"""What all pages leave open can be turned, and every switch is turned by some test."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import fields
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulators.sagemaker import Switches


@pytest.fixture
def create(account):
    """Create an experiment with any body at all: botocore cannot send what its model does not know."""

    def create(body: bytes) -> str:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.CreateExperiment"}
        signed = AWSRequest(method="POST", url=f"{account.url}/", data=body, headers=headers)
        SigV4Auth(Credentials(account.number, "secret"), "sagemaker", "us-east-1").add_auth(signed)
        request = urllib.request.Request(signed.url, body, dict(signed.headers.items()), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30):
                return "ok"
        except urllib.error.HTTPError as error:
            return json.load(error)["__type"]

    return create


@pytest.mark.parametrize(
    ("members", "switch", "strict", "lax"),
    [
        ({"Colour": "red"}, "unknown_members", "reject", "ignore"),
        ({"Description": "😀" * 2000}, "length_unit", "utf16", "scalars"),
        ({"Description": "a\nb"}, "dot_matches_newline", False, True),
    ],
)
def test_requests(account, create, members, switch, strict, lax):
    body = json.dumps({"ExperimentName": "e", **members}).encode()
    assert getattr(Switches(), switch) == strict
    assert create(body) == "ValidationException"
    account.turn(**{switch: lax})
    assert create(body) == "ok"


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"\xff", b'{"ExperimentName": 1}'])
def test_what_cannot_be_read_is_refused(create, body):
    assert create(body) == "SerializationException"


def test_pages_and_throttled_operations(account, sagemaker, refused):
    for name in ("a", "b", "c"):
        sagemaker.create_experiment(ExperimentName=name)
    account.turn(default_page=2, throttle_rps=0.001, throttle_operations="Describe*")
    for _ in range(2):
        assert len(sagemaker.list_experiments()["ExperimentSummaries"]) == 2
    sagemaker.describe_experiment(ExperimentName="a")
    assert refused(sagemaker.describe_experiment, ExperimentName="a")[0] == "ThrottlingException"


def test_every_switch_is_turned():
    """Each default is one reading of several: the other has to work too."""
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    turned_by_kind = {"actions", "artifacts", "contexts"}  # test_lineage: {f"{kind}s": 1}
    never = [one.name for one in fields(Switches) if one.name not in turned_by_kind and one.name not in tests]
    assert never == []
