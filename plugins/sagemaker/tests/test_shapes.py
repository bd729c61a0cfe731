"""Requests are held to the service model before they are sent: lengths, patterns, enumerations, bounds."""

from __future__ import annotations

import botocore.session
import pytest

from trackbridge.errors import Rejected
from trackbridge_sagemaker.shapes import check_request, matches, utf16_length

TAG = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)"


@pytest.fixture(scope="module")
def model():
    session = botocore.session.get_session()
    return lambda service, name: session.get_service_model(service).operation_model(name).input_shape


BROKEN = {
    "lacks TrialComponentName": ("UpdateTrialComponent", {}),
    "has Colour": ("DescribeTrial", {"TrialName": "a", "Colour": "red"}),
    "has 121 characters": ("DescribeTrial", {"TrialName": "a" * 121}),
    "does not match": ("DescribeTrial", {"TrialName": "a_b"}),
    "not one of": ("ListTrials", {"SortBy": "Status"}),
    "has 301 entries": (
        "UpdateTrialComponent",
        {"TrialComponentName": "a", "Parameters": {f"p{n}": {"NumberValue": 1.0} for n in range(301)}},
    ),
    "has 2501 characters": (
        "UpdateTrialComponent",
        {"TrialComponentName": "a", "Parameters": {"p": {"StringValue": "x" * 2_501}}},
    ),
    "has 51 items": (
        "AddTags",
        {"ResourceArn": "arn:aws:sagemaker:us-east-1:111122223333:experiment/a", "Tags": [{"Key": f"k{n}", "Value": ""} for n in range(51)]},
    ),
    "has 0, the minimum is 1": ("ListTrials", {"MaxResults": 0}),
}  # fmt: skip


@pytest.mark.parametrize("said", BROKEN)
def test_what_the_service_would_refuse_is_refused_here(model, said):
    operation, request = BROKEN[said]
    with pytest.raises(Rejected, match=said):
        check_request(model("sagemaker", operation), request, operation)


def test_names_of_components_with_metrics_are_lower_case(model):
    shape = model("sagemaker-metrics", "BatchPutMetrics")
    with pytest.raises(Rejected, match="does not match"):
        check_request(shape.members["TrialComponentName"], "Upper", "TrialComponentName")
    check_request(shape.members["TrialComponentName"], "tb-0123", "TrialComponentName")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("plain-1", True),
        ("Größe 文", True),
        ("½ Ⅷ", True),
        ("a,b", False),
        ("a\nb", False),
        ("e\u0301", False),
        ("😀", False),
    ],
)
def test_classes_of_characters_are_unicode_s(text, fits):
    assert matches(TAG, text) is fits


@pytest.mark.parametrize("end", ["\n", "\r", "\u0085", "\u2028"])
def test_a_dot_is_java_s(end):
    assert not matches(".*", f"a{end}b")
    assert matches(".*", "a b\t文")
    assert matches(r"[\S\s]*", f"a{end}b")


def test_the_count_in_the_pattern_of_metadata_is_no_part_of_it(model):
    shape = model("sagemaker", "UpdateModelPackage").members["CustomerMetadataProperties"]
    check_request(shape, {"trackbridge.alias.champion": "true"}, "metadata")
    with pytest.raises(Rejected):
        check_request(shape, {"a,b": "true"}, "metadata")


def test_length_is_counted_as_java_does():
    assert utf16_length("a😀") == 3
