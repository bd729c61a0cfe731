"""Search: every operator on every type of property, what is refused, nesting, sorting, paging."""

from __future__ import annotations

import time

import pytest

MADE = "2026-01-02T03:04:05"


@pytest.fixture
def three(sagemaker, metrics):
    """Make components a, b and c: a and b in a trial, c in none."""
    sagemaker.create_experiment(ExperimentName="exp")
    for trial in ("t1", "t2"):
        sagemaker.create_trial(TrialName=trial, ExperimentName="exp")
    for name, lr, day in (("a", 0.1, 1), ("b", 0.5, 2)):
        sagemaker.create_trial_component(
            TrialComponentName=name,
            DisplayName=f"run-{name}",
            StartTime=f"2026-01-0{day}T03:04:05Z",
            Status={"PrimaryStatus": "Completed" if name == "a" else "Failed"},
            Parameters={"lr": {"NumberValue": lr}, "opt.name": {"StringValue": "adam" if name == "a" else "sgd"}},
            OutputArtifacts={"model": {"Value": f"s3://bucket/{name}"}},
            Tags=[{"Key": "team.name", "Value": f"risk {name}"}],
        )
        sagemaker.associate_trial_component(TrialComponentName=name, TrialName="t1")
        point = {"MetricName": "val:loss", "Timestamp": time.time(), "Value": lr * 10}
        metrics.batch_put_metrics(TrialComponentName=name, MetricData=[point])
    sagemaker.associate_trial_component(TrialComponentName="a", TrialName="t2")
    sagemaker.create_trial_component(TrialComponentName="c")


@pytest.fixture
def found(sagemaker, three):
    def found(*filters, sort_by="TrialComponentName", sort_order="Ascending", **expression):
        if filters:
            expression["Filters"] = [dict(zip(("Name", "Operator", "Value"), one, strict=False)) for one in filters]
        answer = sagemaker.search(
            Resource="ExperimentTrialComponent", SearchExpression=expression, SortBy=sort_by, SortOrder=sort_order
        )
        return "".join(one["TrialComponent"]["TrialComponentName"] for one in answer["Results"])

    return found


@pytest.mark.parametrize(
    ("name", "operator", "value", "names"),
    [
        ("TrialComponentName", "Equals", "a", "a"),
        ("TrialComponentName", "Equals", "A", ""),
        ("TrialComponentName", "NotEquals", "a", "bc"),
        ("TrialComponentName", "In", "a, c,d", "ac"),
        ("DisplayName", "Contains", "run-", "ab"),
        ("Parents.TrialName", "Equals", "t2", "a"),
        ("Parents.ExperimentName", "Equals", "exp", "ab"),
        ("Parents", "Exists", None, "ab"),
        ("Parents", "NotExists", None, "c"),
        ("Status.PrimaryStatus", "Equals", "Failed", "b"),
        ("Status.PrimaryStatus", "NotEquals", "Failed", "ac"),
        ("Parameters.lr", "Equals", "0.5", "b"),
        ("Parameters.lr", "GreaterThan", "0.1", "b"),
        ("Parameters.lr", "GreaterThanOrEqualTo", "0.1", "ab"),
        ("Parameters.lr", "LessThan", "0.5", "a"),
        ("Parameters.lr", "LessThanOrEqualTo", "0.5", "ab"),
        ("Parameters.lr.NumberValue", "LessThan", "0.5", "a"),
        ("Parameters.lr", "Exists", None, "ab"),
        ("Parameters.lr", "NotExists", None, "c"),
        ("Parameters.opt.name", "Equals", "sgd", "b"),
        ("Parameters.opt.name", "Contains", "da", "a"),
        ("Parameters.opt.name", "In", "sgd,adam", "ab"),
        ("Metrics.val:loss", "GreaterThan", "2", "b"),
        ("metrics.val:loss.max", "LessThan", "2", "a"),
        ("Metrics.val:loss.Count", "Equals", "1", "ab"),
        ("Metrics.nothing", "Exists", None, ""),
        ("OutputArtifacts.model", "Contains", "bucket/b", "b"),
        ("OutputArtifacts.model.Value", "Equals", "s3://bucket/a", "a"),
        ("Tags.team.name", "Equals", "risk b", "b"),
        ("Tags.team.name", "Exists", None, "ab"),
        ("StartTime", "GreaterThan", "2026-01-01T12:00:00", "b"),
        ("StartTime", "Equals", "2026-01-01T03:04:05", "a"),
        ("StartTime", "NotExists", None, "c"),
        ("CreationTime", "LessThan", "2020-01-01T00:00:00", ""),
    ],
)
def test_operators(found, name, operator, value, names):
    assert found((name, operator, value) if value is not None else (name, operator)) == names


def test_a_value_alone_means_equals(sagemaker, three):
    expression = {"Filters": [{"Name": "TrialComponentName", "Value": "b"}]}
    results = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=expression)["Results"]
    assert [one["TrialComponent"]["DisplayName"] for one in results] == ["run-b"]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ({"Filters": [{"Name": "Colour", "Value": "red"}]}, "Unknown property name: Colour"),
        ({"Filters": [{"Name": "Parents.Colour", "Value": "red"}]}, "Unknown property name"),
        (
            {"Filters": [{"Name": "TrialComponentName", "Operator": "GreaterThan", "Value": "a"}]},
            "not supported for text",
        ),
        ({"Filters": [{"Name": "StartTime", "Operator": "Contains", "Value": "2026"}]}, "only supported for text"),
        ({"Filters": [{"Name": "Metrics.m", "Operator": "In", "Value": "1,2"}]}, "only supported for text"),
        ({"Filters": [{"Name": "StartTime", "Operator": "GreaterThan", "Value": "yesterday"}]}, "YYYY-mm-dd"),
        ({"Filters": [{"Name": "StartTime", "Operator": "GreaterThan", "Value": "2026-01-01"}]}, "YYYY-mm-dd"),
        ({"Filters": [{"Name": "Metrics.m", "Operator": "GreaterThan", "Value": "big"}]}, "must be a number"),
        ({"Filters": [{"Name": "Parameters.p", "Operator": "LessThan", "Value": "big"}]}, "needs a number"),
        ({"Filters": [{"Name": "TrialComponentName"}]}, "needs a Value"),
        ({"Filters": [{"Name": "Status", "Value": "Failed"}]}, "Exists and NotExists"),
        ({"Filters": [{"Name": "TrialComponentName", "Operator": "Like", "Value": "a"}]}, "enum value set"),
        ({"Filters": [{"Name": "TrialComponentName", "Value": ""}]}, "length greater than or equal to 1"),
        ({"Filters": [{"Name": "TrialComponentName", "Value": "a" * 1025}]}, "less than or equal to 1024"),
        ({"Filters": [{"Name": "TrialComponentName", "Value": "a"}] * 21}, "less than or equal to 20"),
        ({}, "at least one subexpression, filter, or nested filter"),
        ({"Operator": "Or"}, "at least one subexpression"),
        (
            {"Filters": [{"Name": "Source.SourceArn", "Operator": "Contains", "Value": one} for one in "ab"]},
            "'CONTAINS' operator usage limit of 1 exceeded.",
        ),
        ({"SubExpressions": [{"Filters": [{"Name": "DisplayName", "Value": "a"}] * 20}] * 3}, "at most 50"),
        (
            {
                "NestedFilters": [
                    {"NestedPropertyName": "Status", "Filters": [{"Name": "Status.Message", "Value": "m"}]}
                ]
            },
            "must name a list",
        ),
        (
            {"NestedFilters": [{"NestedPropertyName": "Parents", "Filters": [{"Name": "TrialName", "Value": "m"}]}]},
            "must begin with Parents.",
        ),
    ],
)
def test_what_is_no_expression_is_refused(sagemaker, refused, expression, said):
    code, message = refused(sagemaker.search, Resource="ExperimentTrialComponent", SearchExpression=expression)
    assert (code, said in message) == ("ValidationException", True), message


def test_names_and_tags_can_contain_more_than_once(found):
    assert found(("DisplayName", "Contains", "run"), ("DisplayName", "Contains", "-b")) == "b"
    assert found(("Tags.team.name", "Contains", "risk"), ("Tags.team.name", "Contains", "a")) == "a"


def test_expressions_are_joined_by_and_or_or(found):
    either = [("TrialComponentName", "Equals", "a"), ("Parameters.lr", "Equals", "0.5")]
    assert found(*either) == ""
    assert found(*either, Operator="Or") == "ab"
    inner = {"Filters": [{"Name": "TrialComponentName", "Value": name} for name in "ac"], "Operator": "Or"}
    assert found(("Parents", "NotExists"), SubExpressions=[inner]) == "c"


def test_a_nested_filter_holds_for_one_object(sagemaker, found):
    sagemaker.create_experiment(ExperimentName="other")
    sagemaker.create_trial(TrialName="t3", ExperimentName="other")
    sagemaker.associate_trial_component(TrialComponentName="b", TrialName="t3")
    pair = [("Parents.TrialName", "Equals", "t3"), ("Parents.ExperimentName", "Equals", "exp")]
    assert found(*pair) == "b"  # of two parents, one each
    filters = [{"Name": name, "Operator": operator, "Value": value} for name, operator, value in pair]
    assert found(NestedFilters=[{"NestedPropertyName": "Parents", "Filters": filters}]) == ""
    filters[1]["Value"] = "other"
    assert found(NestedFilters=[{"NestedPropertyName": "Parents", "Filters": filters}]) == "b"


def test_results_are_sorted_by_any_property(sagemaker, found):
    everything = ("TrialComponentName", "Exists")
    assert found(everything, sort_by="Metrics.val:loss.max", sort_order="Descending") == "bac"
    assert found(everything, sort_by="Parameters.lr") == "abc"
    assert found(everything, sort_by="StartTime", sort_order="Descending") == "bac"  # without one: last in any order
    sagemaker.update_trial_component(TrialComponentName="b", DisplayName="latest")
    results = sagemaker.search(Resource="ExperimentTrialComponent")["Results"]
    assert results[0]["TrialComponent"]["DisplayName"] == "latest"


def test_results_come_in_pages(sagemaker, three, refused):
    request = {"Resource": "ExperimentTrialComponent", "SortBy": "TrialComponentName", "SortOrder": "Ascending"}
    first = sagemaker.search(**request, MaxResults=2)
    assert (len(first["Results"]), first["TotalHits"]) == (2, {"Value": 3, "Relation": "EqualTo"})
    second = sagemaker.search(**request, MaxResults=2, NextToken=first["NextToken"])
    assert [one["TrialComponent"]["TrialComponentName"] for one in second["Results"]] == ["c"]
    assert "NextToken" not in second
    assert refused(sagemaker.search, **request, MaxResults=101)[0] == "ValidationException"


def test_a_record_has_parents_tags_and_metrics(sagemaker, three):
    expression = {"Filters": [{"Name": "TrialComponentName", "Value": "a"}]}
    (result,) = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=expression)["Results"]
    record = result["TrialComponent"]
    assert sorted(one["TrialName"] for one in record["Parents"]) == ["t1", "t2"]
    assert record["Tags"] == [{"Key": "team.name", "Value": "risk a"}]
    assert [one["MetricName"] for one in record["Metrics"]] == ["val:loss"]


def test_other_resources(sagemaker, three):
    def only(resource, name, value):
        expression = {"Filters": [{"Name": name, "Value": value}]}
        return sagemaker.search(Resource=resource, SearchExpression=expression)["Results"]

    assert only("Experiment", "ExperimentName", "exp")[0]["Experiment"]["ExperimentArn"].endswith("experiment/exp")
    (trial,) = only("ExperimentTrial", "TrialComponentSummaries.TrialComponentName", "b")
    assert trial["Trial"]["TrialName"] == "t1"
    group_tags = [{"Key": "owner", "Value": "me"}]
    sagemaker.create_model_package_group(ModelPackageGroupName="g", Tags=group_tags)
    sagemaker.create_model_package(
        ModelPackageGroupName="g", SourceUri="s3://b/k", CustomerMetadataProperties={"run": "1"}
    )
    (package,) = only("ModelPackage", "CustomerMetadataProperties.run", "1")
    assert package["ModelPackage"]["Tags"] == group_tags
    assert only("ModelPackage", "ModelPackageVersion", "1") == [package]
    assert len(only("ModelPackageGroup", "Tags.owner", "me")) == 1
    assert only("TrainingJob", "TrainingJobName", "none") == []


def test_what_the_pages_leave_open_is_a_switch(account, found):
    account.turn(not_equals_matches_missing=False)
    assert found(("Status.PrimaryStatus", "NotEquals", "Failed")) == "a"
    account.turn(search_ignores_case=True)
    assert found(("TrialComponentName", "Equals", "A")) == "a"
    assert found(("Tags.team.name", "Contains", "RISK")) == "ab"
