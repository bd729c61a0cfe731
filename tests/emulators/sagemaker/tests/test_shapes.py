"""The validator: every kind of constraint, the model's own counts, and what botocore refuses is refused."""

from __future__ import annotations

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from emulators.sagemaker import model, shapes
from emulators.sagemaker.service import OPERATIONS

RULES = shapes.Rules()
COMPONENT = {"TrialComponentName": "c"}


def served(operation):
    return model.operation("sagemaker" if model.has("sagemaker", operation) else "sagemaker-metrics", operation)


def problems(operation, value, rules=RULES):
    shape = served(operation).input_shape
    return [(one.path, one.constraint) for one in shapes.check(shape, value, rules)]


@pytest.mark.parametrize(
    ("operation", "value", "path", "constraint"),
    [
        ("CreateTrial", {"TrialName": "t"}, "experimentName", "Member must not be null"),
        ("CreateTrial", {"TrialName": "t", "ExperimentName": None}, "experimentName", "Member must not be null"),
        ("CreateTrial", {"TrialName": "t", "ExperimentName": "e", "Colour": 1}, "Colour", "CreateTrialRequest has no such member"),
        ("CreateExperiment", {"ExperimentName": "a" * 121}, "experimentName", "Member must have length less than or equal to 120"),
        ("CreateExperiment", {"ExperimentName": "a_b"}, "experimentName", "regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}"),
        ("CreateExperiment", {"ExperimentName": "a-"}, "experimentName", "regular expression pattern"),
        ("CreateExperiment", {"ExperimentName": "e", "Tags": [{"Key": "k", "Value": "é~"}]}, "tags.1.member.value", "regular expression pattern"),
        ("CreateExperiment", {"ExperimentName": "e", "Tags": [{"Key": "", "Value": ""}]}, "tags.1.member.key", "length greater than or equal to 1"),
        ("ListTrials", {"SortBy": "Colour"}, "sortBy", "Member must satisfy enum value set: [Name, CreationTime]"),
        ("ListTrials", {"MaxResults": 101}, "maxResults", "Member must have value less than or equal to 100"),
        ("ListTags", {"ResourceArn": "arn:aws:sagemaker:r:123456789012:x/y", "MaxResults": 49}, "maxResults", "greater than or equal to 50"),
        ("CreateTrialComponent", COMPONENT | {"Parameters": {"k" * 321: {"NumberValue": 1}}}, "parameters.key", "less than or equal to 320"),
        ("CreateTrialComponent", COMPONENT | {"Parameters": {"k": {"StringValue": "v" * 2501}}}, "parameters.k.member.stringValue", "less than or equal to 2500"),
        ("CreateTrialComponent", COMPONENT | {"Parameters": {"k": {"StringValue": "a\nb"}}}, "parameters.k.member.stringValue", "pattern: .*"),
        ("CreateTrialComponent", COMPONENT | {"Parameters": {str(i): {"NumberValue": i} for i in range(301)}}, "parameters", "less than or equal to 300"),
        ("CreateTrialComponent", COMPONENT | {"OutputArtifacts": {"k": {"Value": "v", "MediaType": "text"}}}, "outputArtifacts.k.member.mediaType", "pattern"),
        ("UpdateTrialComponent", COMPONENT | {"ParametersToRemove": ["k" * 257]}, "parametersToRemove.1.member", "less than or equal to 256"),
        ("BatchPutMetrics", {"TrialComponentName": "Upper", "MetricData": [{"MetricName": "m", "Timestamp": 0, "Value": 1}]}, "trialComponentName", "pattern"),
        ("BatchPutMetrics", {"TrialComponentName": "c", "MetricData": [{"MetricName": "m", "Timestamp": 0, "Value": 1, "Step": -1}]}, "metricData.1.member.step", "greater than or equal to 0"),
        ("BatchPutMetrics", {"TrialComponentName": "c", "MetricData": [{"MetricName": "m", "Timestamp": 0, "Value": 1}] * 11}, "metricData", "less than or equal to 10"),
        ("UpdateModelPackage", {"ModelPackageArn": "x", "ModelLifeCycle": {"Stage": "Production"}}, "modelLifeCycle.stageStatus", "Member must not be null"),
        ("CreateModelPackage", {"CustomerMetadataProperties": {"k": ""}}, "customerMetadataProperties.k.member", "greater than or equal to 1"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else None,
)  # fmt: skip
def test_what_breaks_a_constraint_is_said_as_aws_says_it(operation, value, path, constraint):
    found = problems(operation, value)
    assert any(where == path and constraint in said for where, said in found), found


@pytest.mark.parametrize(
    "value",
    [
        {"TrialComponentName": 1},
        {"TrialComponentName": "c", "StartTime": "2026-01-01T00:00:00Z"},
        {"TrialComponentName": "c", "Parameters": []},
        {"TrialComponentName": "c", "Parameters": {"k": {"NumberValue": "1.0"}}},
        {"TrialComponentName": "c", "Parameters": {"k": {"NumberValue": True}}},
        {"TrialComponentName": "c", "Parameters": {"k": {"StringValue": "\ud800"}}},
        {"TrialComponentName": "c", "Tags": {"Key": "k"}},
        {"TrialComponentName": "c", "Status": "InProgress"},
        [],
    ],
    ids=str,
)
def test_a_value_of_another_json_type_cannot_be_read(value):
    with pytest.raises(shapes.WrongTypeError):
        problems("CreateTrialComponent", value)


@pytest.mark.parametrize("step", [2**31, -(2**31) - 1, 1.0, "1"])
def test_a_step_is_an_integer_of_32_bits(step):
    item = {"MetricName": "m", "Timestamp": 0, "Value": 1.0, "Step": step}
    with pytest.raises(shapes.WrongTypeError):
        problems("BatchPutMetrics", {"TrialComponentName": "c", "MetricData": [item]})


def test_rules_open_what_the_model_leaves_open():
    grin = {"ExperimentName": "e", "Description": "😀" * 3072}
    assert problems("CreateExperiment", grin) == []
    assert problems("CreateExperiment", grin, shapes.Rules(length_unit="utf16"))
    assert problems("CreateExperiment", {"ExperimentName": "e", "X": 1}, shapes.Rules(unknown_members="ignore")) == []
    lines = {"ExperimentName": "e", "Description": "a\nb"}
    assert problems("CreateExperiment", lines)
    assert problems("CreateExperiment", lines, shapes.Rules(dot_matches_newline=True)) == []
    nan = COMPONENT | {"Parameters": {"k": {"NumberValue": float("nan")}}}
    assert problems("CreateTrialComponent", nan) == []
    with pytest.raises(shapes.WrongTypeError):
        problems("CreateTrialComponent", nan, shapes.Rules(non_finite="reject"))


def test_several_problems_are_counted():
    shape = model.operation("sagemaker", "CreateTrial").input_shape
    said = shapes.explain(list(shapes.check(shape, {"TrialName": "a_b"}, RULES)))
    assert said.startswith(
        "2 validation errors detected: Value null at 'experimentName' failed to satisfy constraint: "
    )


def inner_shapes(shape, seen):
    if shape.name in seen:
        return
    seen.add(shape.name)
    yield shape
    names = {"structure": "members", "list": "member", "map": "value"}
    inner = getattr(shape, names.get(shape.type_name, ""), None) or {}
    for one in inner.values() if isinstance(inner, dict) else [inner]:
        yield from inner_shapes(one, seen)
    if shape.type_name == "map":
        yield from inner_shapes(shape.key, seen)


def test_every_pattern_of_every_operation_served_compiles():
    """Java's patterns are run by another engine, which has to take each of them."""
    seen = set()
    shown = [
        one
        for name in sorted(OPERATIONS.keys() - {"Search"})  # its answer holds the shapes of all of SageMaker
        for shape in (served(name).input_shape, served(name).output_shape)
        if shape is not None
        for one in inner_shapes(shape, seen)
    ]
    patterns = {one.metadata["pattern"] for one in shown if "pattern" in one.metadata}
    assert len(patterns) > 40
    for pattern in patterns:
        shapes._compiled(pattern, dot_matches_newline=False).fullmatch("x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.floats(-1, 1) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Key", "Value", "StringValue", "NumberValue", "PrimaryStatus", "k"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
MEMBERS = st.sampled_from(model.members("CreateTrialComponentRequest"))


@given(st.dictionaries(MEMBERS, JSON, max_size=4))
def test_what_botocore_refuses_is_refused(value):
    """botocore checks the members of a request before it is sent; None it refuses, where JSON's null is an absence."""
    value = {
        name: member for name, member in value.items() if member is not None and name not in {"StartTime", "EndTime"}
    }
    shape = model.shape("CreateTrialComponentRequest")
    if not ParamValidator().validate(value, shape).has_errors():
        return
    try:
        found = list(shapes.check(shape, value, RULES))
    except shapes.WrongTypeError:
        return
    assert found or "null" in str(value) or "None" in str(value)
