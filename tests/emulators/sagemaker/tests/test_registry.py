"""Model package groups and packages."""

from __future__ import annotations

import pytest

STAGING = {"Stage": "Staging", "StageStatus": "PendingApproval"}
SPECIFICATION = {"Containers": [{"Image": "1.dkr.ecr/x", "ModelDataUrl": "s3://b/model.tar.gz"}]}


@pytest.fixture
def group(sagemaker) -> str:
    """Make group ``Fraud``; give its ARN."""
    tags = [{"Key": "k", "Value": "v"}]
    return sagemaker.create_model_package_group(ModelPackageGroupName="Fraud", Tags=tags)["ModelPackageGroupArn"]


@pytest.fixture
def version(sagemaker, group):
    def version(**given):
        request = {"SourceUri": "s3://b/k", **given}
        return sagemaker.create_model_package(ModelPackageGroupName="Fraud", **request)["ModelPackageArn"]

    return version


def test_a_group_is_made_once(sagemaker, refused, group):
    assert group == "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/fraud"
    code, message = refused(sagemaker.create_model_package_group, ModelPackageGroupName="FRAUD")
    assert (code, "already exists" in message) == ("ValidationException", True)
    for name in ("Fraud", group):
        found = sagemaker.describe_model_package_group(ModelPackageGroupName=name)
        assert (found["ModelPackageGroupName"], found["ModelPackageGroupStatus"]) == ("Fraud", "Completed")


def test_groups_are_listed_from_the_oldest(sagemaker, group):
    sagemaker.create_model_package_group(ModelPackageGroupName="Churn")
    listed = sagemaker.list_model_package_groups

    def names(**request):
        return [one["ModelPackageGroupName"] for one in listed(**request)["ModelPackageGroupSummaryList"]]

    assert (names(), names(SortBy="Name"), names(NameContains="rau")) == (
        ["Fraud", "Churn"],
        ["Churn", "Fraud"],
        ["Fraud"],
    )


def test_what_is_not_there_is_a_validation_error(sagemaker, refused, group):
    """The model lists no ResourceNotFound for the registry."""
    missing = f"{group.replace('-group', '')}/9"
    for call, request in (
        (sagemaker.describe_model_package_group, {"ModelPackageGroupName": "no"}),
        (sagemaker.delete_model_package_group, {"ModelPackageGroupName": "no"}),
        (sagemaker.list_model_packages, {"ModelPackageGroupName": "no"}),
        (sagemaker.create_model_package, {"ModelPackageGroupName": "no", "SourceUri": "s3://b/k"}),
        (sagemaker.describe_model_package, {"ModelPackageName": missing}),
        (sagemaker.update_model_package, {"ModelPackageArn": missing}),
        (sagemaker.delete_model_package, {"ModelPackageName": missing}),
    ):
        code, message = refused(call, **request)
        assert (code, "does not exist" in message) == ("ValidationException", True), message


def test_versions_count_up_and_a_number_is_not_given_again(sagemaker, version):
    first, second = version(), version()
    assert [first.rpartition("/")[2], second.rpartition("/")[2]] == ["1", "2"]
    sagemaker.delete_model_package(ModelPackageName=second)
    assert version().endswith("/3")


def test_a_version_keeps_what_it_is_given(sagemaker, version):
    given = {
        "ModelLifeCycle": {**STAGING, "StageDescription": "d"},
        "InferenceSpecification": SPECIFICATION,
        "CustomerMetadataProperties": {"run": "1"},
        "ModelPackageDescription": "text",
        "SourceUri": "s3://b/other",
    }
    found = sagemaker.describe_model_package(ModelPackageName=version(**given))
    assert {name: found[name] for name in given} == given
    assert (found["ModelPackageVersion"], found["ModelPackageStatus"]) == (1, "Completed")
    assert (found["ModelApprovalStatus"], found["ModelPackageRegistrationType"]) == (
        "PendingManualApproval",
        "Registered",
    )


def test_stage_and_approval_are_two_axes(sagemaker, version):
    arn = version()
    sagemaker.update_model_package(ModelPackageArn=arn, ModelLifeCycle=STAGING)
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="good")
    found = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (found["ModelLifeCycle"], found["ModelApprovalStatus"], found["ApprovalDescription"]) == (
        STAGING,
        "Approved",
        "good",
    )
    (listed,) = sagemaker.list_model_packages(ModelPackageGroupName="Fraud")["ModelPackageSummaryList"]
    assert (listed["ModelLifeCycle"], listed["ModelApprovalStatus"]) == (STAGING, "Approved")
    rejected = sagemaker.list_model_packages(ModelPackageGroupName="Fraud", ModelApprovalStatus="Rejected")
    assert rejected["ModelPackageSummaryList"] == []


def test_metadata_is_merged_up_to_fifty(sagemaker, refused, version):
    arn = version(CustomerMetadataProperties={"a": "1", "b": "2"})

    def update(**request):
        sagemaker.update_model_package(ModelPackageArn=arn, **request)
        return sagemaker.describe_model_package(ModelPackageName=arn).get("CustomerMetadataProperties")

    assert update(CustomerMetadataProperties={"b": "3", "c": "4"}) == {"a": "1", "b": "3", "c": "4"}
    assert update(CustomerMetadataPropertiesToRemove=["a", "x"]) == {"b": "3", "c": "4"}
    more = {"CustomerMetadataProperties": {f"k{i}": "v" for i in range(49)}}
    assert refused(sagemaker.update_model_package, ModelPackageArn=arn, **more)[0] == "ValidationException"
    assert update(CustomerMetadataPropertiesToRemove=["b", "c"]) is None


def test_a_client_token_makes_creation_idempotent(sagemaker, refused, version, group):
    token = {"ClientToken": "token-1"}
    first = version(**token)
    assert version(**token) == first
    request = {"ModelPackageGroupName": "Fraud", "SourceUri": "s3://b/else", **token}
    assert refused(sagemaker.create_model_package, **request)[0] == "ConflictException"
    assert len(sagemaker.list_model_packages(ModelPackageGroupName="Fraud")["ModelPackageSummaryList"]) == 1


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"ModelPackageName": "n", "ModelPackageGroupName": "Fraud"}, "Cannot determine which one to use"),
        ({"SourceUri": "s3://b/k"}, "Missing ARN"),
        ({"ModelPackageGroupName": "Fraud"}, "must be provided"),
        (
            {"ModelPackageGroupName": "Fraud", "SourceUri": "s3://b/k", "Tags": [{"Key": "k", "Value": "v"}]},
            "tag argument",
        ),
        ({"ModelPackageName": "n", "SourceUri": "s3://b/k", "ModelApprovalStatus": "Approved"}, "unversioned"),
    ],
)
def test_what_makes_no_package_is_refused(sagemaker, refused, group, request_, said):
    code, message = refused(sagemaker.create_model_package, **request_)
    assert (code, said in message) == ("ValidationException", True), message


def test_a_group_with_versions_is_not_deleted(sagemaker, refused, version):
    arn = version()
    assert refused(sagemaker.delete_model_package_group, ModelPackageGroupName="Fraud")[0] == "ConflictException"
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName="Fraud")
    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_unversioned_packages_are_a_list_of_their_own(sagemaker, refused, version):
    version()
    request = {"ModelPackageName": "plain", "SourceUri": "s3://b/k", "Tags": [{"Key": "k", "Value": "v"}]}
    arn = sagemaker.create_model_package(**request)["ModelPackageArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == request["Tags"]
    assert sagemaker.describe_model_package(ModelPackageName="plain")["ModelPackageName"] == "plain"

    def count(**request):
        return len(sagemaker.list_model_packages(**request)["ModelPackageSummaryList"])

    types = [count(ModelPackageType=one) for one in ("Versioned", "Unversioned", "Both")]
    assert (count(), types) == (1, [1, 1, 2])
    assert refused(sagemaker.create_model_package, **request)[0] == "ValidationException"
    assert refused(sagemaker.update_model_package, ModelPackageArn=arn)[0] == "ValidationException"


def test_versions_are_described_in_batches(sagemaker, version):
    whole, bare = version(InferenceSpecification=SPECIFICATION), version()
    answer = sagemaker.batch_describe_model_package(ModelPackageArnList=[whole, bare, f"{bare}9"])
    assert answer["ModelPackageSummaries"][whole]["InferenceSpecification"] == SPECIFICATION
    assert answer["BatchDescribeModelPackageErrorMap"].keys() == {bare, f"{bare}9"}


def test_a_package_may_take_its_time(account, sagemaker, version):
    account.turn(package_pending_s=60)
    assert sagemaker.describe_model_package(ModelPackageName=version())["ModelPackageStatus"] == "InProgress"
    account.turn(package_needs_source=False, package_pending_s=0)
    arn = sagemaker.create_model_package(ModelPackageGroupName="Fraud")["ModelPackageArn"]
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelPackageStatus"] == "Completed"


def test_a_version_bears_the_tags_of_its_group(account, sagemaker, refused, version):
    arn = version()
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    own = [{"Key": "own", "Value": "1"}]
    assert refused(sagemaker.add_tags, ResourceArn=arn, Tags=own)[0] == "ValidationException"
    account.turn(tags_on_versions=True)
    sagemaker.add_tags(ResourceArn=arn, Tags=own)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == own
