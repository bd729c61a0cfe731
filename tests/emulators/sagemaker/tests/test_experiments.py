"""Experiments, trials and components: names, limits, merging, order of deletion, lists."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest


def test_an_experiment_is_described_as_it_was_created(sagemaker):
    arn = sagemaker.create_experiment(ExperimentName="Fraud", Description="d")["ExperimentArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:experiment/fraud"
    found = sagemaker.describe_experiment(ExperimentName="fraud")
    assert (found["ExperimentName"], found["DisplayName"], found["Description"]) == ("Fraud", "Fraud", "d")
    sagemaker.update_experiment(ExperimentName="Fraud", DisplayName="F", Description="")
    found = sagemaker.describe_experiment(ExperimentName="Fraud")
    assert (found["DisplayName"], found.get("Description")) == ("F", None)
    assert found["LastModifiedTime"] >= found["CreationTime"]


def test_names_are_unique_whatever_their_case(sagemaker, refused, component):
    for call, request in (
        (sagemaker.create_experiment, {"ExperimentName": "EXP"}),
        (sagemaker.create_trial, {"TrialName": "Trial", "ExperimentName": "exp"}),
        (sagemaker.create_trial_component, {"TrialComponentName": "COMP"}),
    ):
        code, message = refused(call, **request)
        assert (code, "already exists" in message) == ("ValidationException", True)


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("describe_experiment", {"ExperimentName": "no"}),
        ("update_experiment", {"ExperimentName": "no"}),
        ("delete_experiment", {"ExperimentName": "no"}),
        ("create_trial", {"TrialName": "t", "ExperimentName": "no"}),
        ("describe_trial", {"TrialName": "no"}),
        ("list_trials", {"ExperimentName": "no"}),
        ("list_trial_components", {"TrialName": "no"}),
        ("describe_trial_component", {"TrialComponentName": "no"}),
        ("update_trial_component", {"TrialComponentName": "no"}),
        ("associate_trial_component", {"TrialComponentName": "no", "TrialName": "no"}),
        ("disassociate_trial_component", {"TrialComponentName": "no", "TrialName": "no"}),
    ],
)
def test_what_is_not_there_is_not_found(sagemaker, refused, operation, request_):
    assert refused(getattr(sagemaker, operation), **request_)[0] == "ResourceNotFound"


def test_a_component_keeps_what_it_is_given(sagemaker):
    start = datetime(2020, 1, 2, 3, 4, 5, 678_000, UTC)
    given = {
        "DisplayName": "shown",
        "Status": {"PrimaryStatus": "InProgress", "Message": "m"},
        "StartTime": start,
        "Parameters": {"lr": {"NumberValue": 0.1}, "s": {"StringValue": "ä" * 2500}, "zero": {"NumberValue": 0.0}},
        "InputArtifacts": {"data": {"Value": "s3://b/k", "MediaType": "text/csv"}},
        "MetadataProperties": {"CommitId": "abc"},
    }
    arn = sagemaker.create_trial_component(TrialComponentName="c", **given)["TrialComponentArn"]
    found = sagemaker.describe_trial_component(TrialComponentName=arn)
    assert {name: found[name] for name in given} == given


def test_an_update_merges_maps_and_removes_keys(sagemaker, account):
    sagemaker.create_trial_component(TrialComponentName="c", Parameters={k: {"NumberValue": 1} for k in "abc"})
    sagemaker.update_trial_component(
        TrialComponentName="c",
        Parameters={"c": {"StringValue": "x"}, "d": {"NumberValue": 2}},
        ParametersToRemove=["a"],
    )
    found = sagemaker.describe_trial_component(TrialComponentName="c")["Parameters"]
    assert found == {"b": {"NumberValue": 1.0}, "c": {"StringValue": "x"}, "d": {"NumberValue": 2.0}}
    account.turn(update_maps="replace")
    sagemaker.update_trial_component(TrialComponentName="c", Parameters={"e": {"NumberValue": 3}})
    assert sagemaker.describe_trial_component(TrialComponentName="c")["Parameters"] == {"e": {"NumberValue": 3.0}}


def test_an_update_cannot_grow_a_map_beyond_its_limit(sagemaker, refused):
    full = {str(i): {"NumberValue": i} for i in range(300)}
    sagemaker.create_trial_component(TrialComponentName="c", Parameters=full)
    code, message = refused(
        sagemaker.update_trial_component, TrialComponentName="c", Parameters={"more": {"NumberValue": 1}}
    )
    assert (code, "at most 300" in message) == ("ValidationException", True)
    sagemaker.update_trial_component(
        TrialComponentName="c", Parameters={"more": {"NumberValue": 1}}, ParametersToRemove=["0"]
    )
    assert len(sagemaker.describe_trial_component(TrialComponentName="c")["Parameters"]) == 300


@pytest.mark.parametrize("value", [{}, {"StringValue": "1", "NumberValue": 1}], ids=["neither", "both"])
def test_a_parameter_is_a_text_or_a_number(sagemaker, refused, value):
    code, _ = refused(sagemaker.create_trial_component, TrialComponentName="c", Parameters={"p": value})
    assert code == "ValidationException"


@pytest.mark.parametrize(
    ("setting", "code"),
    [("request", "SerializationException"), ("item", "ValidationException"), ("accept", None)],
)
def test_a_parameter_that_is_not_a_number_is_a_switch(account, sagemaker, refused, setting, code):
    account.turn(non_finite=setting)
    request = {"TrialComponentName": "c", "Parameters": {"p": {"NumberValue": float("inf")}}}
    if code is not None:
        assert refused(sagemaker.create_trial_component, **request)[0] == code
        return
    sagemaker.create_trial_component(**request)
    found = sagemaker.describe_trial_component(TrialComponentName="c")["Parameters"]["p"]
    assert found == {"NumberValue": "Infinity"}  # as Smithy writes it; botocore hands the text on


def test_a_trial_holds_fifty_components(account, sagemaker, refused, component):
    for index in range(50):
        sagemaker.create_trial_component(TrialComponentName=f"c{index}")
    for index in range(49):
        sagemaker.associate_trial_component(TrialComponentName=f"c{index}", TrialName="trial")
    request = {"TrialComponentName": "c49", "TrialName": "trial"}
    code, message = refused(sagemaker.associate_trial_component, **request)
    assert (code, "is 50 Trial Components" in message) == ("ResourceLimitExceeded", True)
    sagemaker.associate_trial_component(TrialComponentName="c0", TrialName="trial")  # it is there already
    account.turn(associate_twice="reject")
    assert (
        refused(sagemaker.associate_trial_component, TrialComponentName="c0", TrialName="trial")[0]
        == "ValidationException"
    )
    account.turn(components_per_trial=51)
    sagemaker.associate_trial_component(**request)


def test_an_experiment_holds_so_many_trials(account, sagemaker, refused, component):
    account.turn(trials_per_experiment=1)
    code, message = refused(sagemaker.create_trial, TrialName="t2", ExperimentName="exp")
    assert (code, "is 1 Trials, with current utilization of 0" in message) == ("ResourceLimitExceeded", True)


def test_deletion_goes_from_the_inside_out(account, sagemaker, refused, component):
    assert refused(sagemaker.delete_experiment, ExperimentName="exp")[0] == "ValidationException"
    assert refused(sagemaker.delete_trial, TrialName="trial")[0] == "ValidationException"
    account.turn(in_use_error="ResourceInUse")
    assert refused(sagemaker.delete_trial_component, TrialComponentName="comp")[0] == "ResourceInUse"
    account.turn(in_use_error="modelled")
    sagemaker.disassociate_trial_component(TrialComponentName="comp", TrialName="trial")
    again = {"TrialComponentName": "comp", "TrialName": "trial"}
    assert refused(sagemaker.disassociate_trial_component, **again)[0] == "ResourceNotFound"
    sagemaker.delete_trial_component(TrialComponentName="comp")
    sagemaker.delete_trial(TrialName="trial")
    sagemaker.delete_experiment(ExperimentName="exp")
    assert refused(sagemaker.describe_experiment, ExperimentName="exp")[0] == "ResourceNotFound"
    sagemaker.create_experiment(ExperimentName="exp")  # the name is free again


def names(pages, summaries, member):
    return [one[member] for page in pages for one in page[summaries]]


def test_lists_are_sorted_and_come_in_pages(sagemaker):
    for name in "bca":
        sagemaker.create_experiment(ExperimentName=name)
    assert names([sagemaker.list_experiments()], "ExperimentSummaries", "ExperimentName") == ["a", "c", "b"]
    paginator = sagemaker.get_paginator("list_experiments")
    pages = list(paginator.paginate(SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}))
    assert [len(page["ExperimentSummaries"]) for page in pages] == [2, 1]
    assert names(pages, "ExperimentSummaries", "ExperimentName") == ["a", "b", "c"]


def test_a_page_has_ten_unless_more_are_asked_for(sagemaker):
    for index in range(11):
        sagemaker.create_experiment(ExperimentName=f"e{index}")
    first = sagemaker.list_experiments()
    assert (len(first["ExperimentSummaries"]), "NextToken" in first) == (10, True)
    assert len(sagemaker.list_experiments(MaxResults=100)["ExperimentSummaries"]) == 11


def test_a_page_follows_the_last_one_whatever_was_created_in_between(sagemaker):
    for name in ("b", "d", "f"):
        sagemaker.create_experiment(ExperimentName=name)
    order = {"SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}
    first = sagemaker.list_experiments(**order)
    sagemaker.create_experiment(ExperimentName="a")
    second = sagemaker.list_experiments(**order, NextToken=first["NextToken"])
    assert names([second], "ExperimentSummaries", "ExperimentName") == ["f"]
    sagemaker.delete_experiment(ExperimentName="d")
    second = sagemaker.list_experiments(**order, NextToken=first["NextToken"])
    assert names([second], "ExperimentSummaries", "ExperimentName") == ["f"]


def test_a_token_is_for_the_request_that_it_came_from(sagemaker, refused):
    for name in "abc":
        sagemaker.create_experiment(ExperimentName=name)
    token = sagemaker.list_experiments(MaxResults=1)["NextToken"]
    assert refused(sagemaker.list_experiments, SortBy="Name", NextToken=token)[0] == "ValidationException"
    assert refused(sagemaker.list_experiments, NextToken="nonsense")[0] == "ValidationException"
    assert len(sagemaker.list_experiments(MaxResults=2, NextToken=token)["ExperimentSummaries"]) == 2


def test_components_are_listed_by_trial_or_by_experiment_but_not_both(sagemaker, refused, component):
    sagemaker.create_trial_component(TrialComponentName="alone")
    both = [{"TrialName": "trial"}, {"ExperimentName": "exp"}]
    for one in both:
        assert names([sagemaker.list_trial_components(**one)], "TrialComponentSummaries", "TrialComponentName") == [
            "comp"
        ]
    assert refused(sagemaker.list_trial_components, **both[0], **both[1])[0] == "ValidationException"
    assert len(sagemaker.list_trial_components()["TrialComponentSummaries"]) == 2
    trials = sagemaker.list_trials(TrialComponentName="comp", ExperimentName="exp")
    assert names([trials], "TrialSummaries", "TrialName") == ["trial"]


def test_lists_are_cut_by_time(sagemaker):
    sagemaker.create_experiment(ExperimentName="e")
    made = sagemaker.describe_experiment(ExperimentName="e")["CreationTime"]
    assert sagemaker.list_experiments(CreatedAfter=made)["ExperimentSummaries"] == []
    assert sagemaker.list_experiments(CreatedBefore=made)["ExperimentSummaries"] == []
    assert len(sagemaker.list_experiments(CreatedAfter=made.replace(year=2020))["ExperimentSummaries"]) == 1
