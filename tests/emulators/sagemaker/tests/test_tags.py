"""Tags on any resource."""

from __future__ import annotations

import pytest

SIXTY = [{"Key": f"k{index:02}", "Value": str(index)} for index in range(60)]


def test_tags_are_added_overwritten_and_deleted(sagemaker, component):
    added = sagemaker.add_tags(ResourceArn=component, Tags=SIXTY[:2])
    assert added["Tags"] == SIXTY[:2]
    sagemaker.add_tags(ResourceArn=component, Tags=[{"Key": "k00", "Value": ""}])
    sagemaker.delete_tags(ResourceArn=component, TagKeys=["k01", "never"])
    assert sagemaker.list_tags(ResourceArn=component)["Tags"] == [{"Key": "k00", "Value": ""}]


@pytest.mark.parametrize(
    "tags",
    [
        [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}],
        [{"Key": "AWS:a", "Value": "1"}],
        [{"Key": "a", "Value": "#"}],
        [{"Key": "a" * 129, "Value": ""}],
        [{"Key": "a", "Value": "v" * 257}],
        SIXTY,
    ],
    ids=["twice", "reserved", "character", "long key", "long value", "sixty"],
)
def test_what_is_no_tag_is_refused(sagemaker, refused, component, tags):
    assert refused(sagemaker.add_tags, ResourceArn=component, Tags=tags)[0] == "ValidationException"
    assert refused(sagemaker.create_experiment, ExperimentName="other", Tags=tags)[0] == "ValidationException"


def test_a_resource_has_fifty_tags(account, sagemaker, refused, component):
    sagemaker.add_tags(ResourceArn=component, Tags=SIXTY[:50])
    assert refused(sagemaker.add_tags, ResourceArn=component, Tags=SIXTY[50:])[0] == "ValidationException"
    sagemaker.add_tags(ResourceArn=component, Tags=SIXTY[:1])
    assert len(sagemaker.list_tags(ResourceArn=component, MaxResults=50)["Tags"]) == 50
    account.turn(tags_per_resource=50 - 1)
    assert refused(sagemaker.add_tags, ResourceArn=component, Tags=SIXTY[:1])[0] == "ValidationException"


def test_tags_go_with_their_resource(sagemaker):
    request = {"ExperimentName": "e", "Tags": SIXTY[:1]}
    arn = sagemaker.create_experiment(**request)["ExperimentArn"]
    sagemaker.delete_experiment(ExperimentName="e")
    sagemaker.create_experiment(ExperimentName="e")
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_what_is_not_there_bears_no_tags(account, sagemaker, refused, component):
    arn = component.replace("/comp", "/nobody")
    assert refused(sagemaker.list_tags, ResourceArn=arn)[0] == "ValidationException"
    account.turn(missing_error="ResourceNotFound")
    assert refused(sagemaker.list_tags, ResourceArn=arn)[0] == "ResourceNotFound"
    elsewhere = component.replace("us-east-1", "eu-west-1")
    assert refused(sagemaker.list_tags, ResourceArn=elsewhere)[0] == "ResourceNotFound"
