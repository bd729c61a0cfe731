"""Artifacts, actions, contexts, their associations and what can be reached along them."""

from __future__ import annotations

import itertools

import pytest

LINEAGE = {
    "artifact": {"ArtifactName": "data", "ArtifactType": "DataSet"},
    "action": {"ActionName": "approve", "ActionType": "Approval", "Status": "InProgress"},
    "context": {"ContextName": "end_point", "ContextType": "Endpoint"},
}


def make(sagemaker, kind, uri="s3://b/k", **more):
    given = {**LINEAGE[kind], "Source": {"SourceUri": uri}, "Properties": {"a": "1"}, **more}
    return getattr(sagemaker, f"create_{kind}")(**given)[f"{kind.title()}Arn"]


def named(kind, arn):
    """Give how an operation names an entity."""
    prefix = kind.title()
    return {f"{prefix}Arn": arn} if kind == "artifact" else {f"{prefix}Name": LINEAGE[kind][f"{prefix}Name"]}


@pytest.mark.parametrize("kind", LINEAGE)
def test_an_entity_is_made_changed_listed_and_deleted(sagemaker, refused, kind):
    arn = make(sagemaker, kind, Tags=[{"Key": "k", "Value": "v"}])
    assert arn.startswith(f"arn:aws:sagemaker:us-east-1:123456789012:{kind}/")
    describe = getattr(sagemaker, f"describe_{kind}")
    found = describe(**named(kind, arn))
    assert {name: found[name] for name in LINEAGE[kind]} == LINEAGE[kind]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    update = getattr(sagemaker, f"update_{kind}")
    update(**named(kind, arn), Properties={"b": "2", "c": "3"}, PropertiesToRemove=["c"])
    assert describe(**named(kind, arn))["Properties"] == {"b": "2"}
    list_ = getattr(sagemaker, f"list_{kind}s")
    summaries = f"{kind.title()}Summaries"
    assert len(list_(SourceUri="s3://b/k")[summaries]) == 1
    assert list_(SourceUri="s3://b/other")[summaries] == []
    assert list_(**{f"{kind.title()}Type": "Other"})[summaries] == []
    getattr(sagemaker, f"delete_{kind}")(**named(kind, arn))
    assert refused(describe, **named(kind, arn))[0] == "ResourceNotFound"


@pytest.mark.parametrize("kind", LINEAGE)
def test_an_entity_that_already_exists_is_an_error(sagemaker, refused, kind):
    make(sagemaker, kind)
    request = {**LINEAGE[kind], "Source": {"SourceUri": "s3://b/other"}}
    code, message = refused(getattr(sagemaker, f"create_{kind}"), **request)
    assert (code, "already exists" in message) == ("ValidationException", True)


def test_there_is_one_artifact_of_a_source(account, sagemaker, refused):
    make(sagemaker, "artifact")
    types = {"SourceTypes": [{"SourceIdType": "S3ETag", "Value": "1"}]}
    request = {"ArtifactName": "data2", "ArtifactType": "DataSet", "Source": {"SourceUri": "s3://b/k", **types}}
    assert refused(sagemaker.create_artifact, **request)[0] == "ValidationException"
    sagemaker.delete_artifact(Source=request["Source"])
    account.turn(artifact_identity="uri-and-types")
    make(sagemaker, "artifact")
    sagemaker.create_artifact(**request)
    assert len(sagemaker.list_artifacts()["ArtifactSummaries"]) == 2
    assert refused(sagemaker.delete_artifact)[0] == "ValidationException"


@pytest.mark.parametrize("kind", LINEAGE)
def test_an_account_holds_so_many_entities(account, sagemaker, refused, kind):
    account.turn(**{f"{kind}s": 1})
    make(sagemaker, kind)
    name = {f"{kind.title()}Name": "another"}
    request = {**LINEAGE[kind], **name, "Source": {"SourceUri": "s3://b/other"}}
    assert refused(getattr(sagemaker, f"create_{kind}"), **request)[0] == "ResourceLimitExceeded"


def test_associations(account, sagemaker, refused, component):
    data, action = make(sagemaker, "artifact"), make(sagemaker, "action")
    ends = {"SourceArn": data, "DestinationArn": component}
    sagemaker.add_association(**ends, AssociationType="ContributedTo")
    code, message = refused(sagemaker.add_association, **ends)
    assert (code, "already exists" in message) == ("ValidationException", True)
    sagemaker.add_association(SourceArn=component, DestinationArn=action)
    (found,) = sagemaker.list_associations(DestinationArn=component)["AssociationSummaries"]
    shown = ("SourceType", "SourceName", "DestinationType", "DestinationName", "AssociationType")
    assert [found[name] for name in shown] == ["DataSet", "data", "TrialComponent", "comp", "ContributedTo"]
    assert len(sagemaker.list_associations(SourceType="DataSet")["AssociationSummaries"]) == 1
    ordered = sagemaker.list_associations(SortBy="SourceArn", SortOrder="Ascending")["AssociationSummaries"]
    assert [one["SourceArn"] for one in ordered] == sorted([data, component])
    account.turn(associations=2)
    code = refused(sagemaker.add_association, SourceArn=data, DestinationArn=action)[0]
    assert code == "ResourceLimitExceeded"
    sagemaker.delete_association(**ends)
    assert refused(sagemaker.delete_association, **ends)[0] == "ResourceNotFound"


def test_two_entities_of_experiments_cannot_be_associated(sagemaker, refused, component):
    experiment = sagemaker.describe_experiment(ExperimentName="exp")["ExperimentArn"]
    code, message = refused(sagemaker.add_association, SourceArn=experiment, DestinationArn=component)
    assert (code, "experiment entities" in message) == ("ValidationException", True)
    missing = component.replace("/comp", "/nobody")
    data = make(sagemaker, "artifact")
    assert refused(sagemaker.add_association, SourceArn=data, DestinationArn=missing)[0] == "ResourceNotFound"


def test_an_associated_entity_is_in_use(account, sagemaker, refused, component):
    data = make(sagemaker, "artifact")
    sagemaker.add_association(SourceArn=data, DestinationArn=component)
    assert refused(sagemaker.delete_artifact, ArtifactArn=data)[0] == "ValidationException"
    account.turn(lineage_delete_needs_no_associations=False)
    sagemaker.delete_artifact(ArtifactArn=data)
    assert sagemaker.list_associations()["AssociationSummaries"] == []


@pytest.fixture
def chain(sagemaker, component):
    """Associate data → component → model → context; give the four ARNs."""
    data = make(sagemaker, "artifact")
    model = make(sagemaker, "artifact", "s3://b/model", ArtifactName="model", ArtifactType="Model")
    context = make(sagemaker, "context")
    arns = [data, component, model, context]
    for source, destination in itertools.pairwise(arns):
        sagemaker.add_association(SourceArn=source, DestinationArn=destination, AssociationType="ContributedTo")
    return arns


def test_lineage_is_followed_in_either_direction(sagemaker, chain):
    data, component, model, context = chain

    def reached(start, **more):
        answer = sagemaker.query_lineage(StartArns=[start], **more)
        return [one["Arn"] for one in answer["Vertices"]], answer["Edges"]

    assert reached(context, Direction="Ascendants")[0] == [model, component, data]
    assert reached(context, Direction="Ascendants", MaxDepth=1)[0] == [model]
    assert reached(model, Direction="Descendants")[0] == [context]
    assert sorted(reached(component, Direction="Both")[0]) == sorted([data, model, context])
    only_data = {"Filters": {"Types": ["DataSet"], "LineageTypes": ["Artifact"]}, "Direction": "Ascendants"}
    assert reached(context, **only_data) == ([data], [])
    vertices, edges = reached(context, IncludeEdges=True, **only_data)
    assert (sorted(vertices), len(edges)) == (sorted([data, component, model]), 3)
    assert reached(context, Filters={"Properties": {"a": "2"}})[0] == []
    paged = sagemaker.query_lineage(StartArns=[context], MaxResults=1)
    assert (len(paged["Vertices"]), "NextToken" in paged) == (1, True)
