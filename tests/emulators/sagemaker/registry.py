"""Model package groups and model packages."""

from __future__ import annotations

from typing import Any

from emulators.sagemaker import entities, errors
from emulators.sagemaker.call import Call
from emulators.sagemaker.entities import GROUP, PACKAGE
from emulators.sagemaker.model import project
from emulators.sagemaker.paging import listed, page
from emulators.sagemaker.store import Document

_SOURCES = ("InferenceSpecification", "SourceAlgorithmSpecification", "SourceUri")
_TOKENS = "token"


def create_group(call: Call) -> dict[str, Any]:
    """Create a group; the model lists no conflict here: a second one is a ValidationException."""
    name = call.request["ModelPackageGroupName"]
    if call.shelf.get(GROUP, name.lower()) is not None:
        raise errors.invalid(f"Model Package Group already exists: {call.arn(GROUP, name)}")
    document = {member: value for member, value in call.request.items() if member != "Tags"}
    document |= {"ModelPackageGroupStatus": "Completed"}
    return {"ModelPackageGroupArn": entities.create(call, GROUP, name, document, call.request.get("Tags", []))}


def describe_group(call: Call) -> dict[str, Any]:
    """Describe a group."""
    return project("DescribeModelPackageGroupOutput", _group(call, call.request["ModelPackageGroupName"]))


def delete_group(call: Call) -> dict[str, Any]:
    """Delete a group; one with versions is a ConflictException, the only error that the model lists."""
    found = _group(call, call.request["ModelPackageGroupName"])
    count = len(_versions(call, found["ModelPackageGroupName"]))
    if count:
        raise errors.in_use(f"Model Package Group {found['ModelPackageGroupArn']} still has {count} model packages.")
    entities.delete(call, GROUP, found)
    return {}


def list_groups(call: Call) -> dict[str, Any]:
    """List the groups whose name contains a text."""
    part = call.request.get("NameContains", "").lower()
    rows = listed(call, GROUP, "ModelPackageGroupName", descending=False)
    shown, token = page(call, [row for row in rows if part in row[0]])
    return {"ModelPackageGroupSummaryList": [project("ModelPackageGroupSummary", row) for row in shown], **token}


def create_package(call: Call) -> dict[str, Any]:
    """Create a version of a group, or an unversioned package; the messages are AWS's (moto#7165).

    A version's number is one more than any the group has ever had. ClientToken "guarantees that the call … is
    idempotent": the same request again gives the same package.
    """
    request = {name: value for name, value in call.request.items() if name != "ClientToken"}
    client_token = call.request.get("ClientToken")
    if client_token and (done := call.shelf.get(_TOKENS, client_token)) is not None:
        if done["request"] != request:
            raise errors.conflict("The client token was used for another request.")
        return {"ModelPackageArn": done["arn"]}
    name, group = request.get("ModelPackageName"), request.get("ModelPackageGroupName")
    if name and group:
        raise errors.invalid(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one to use."
        )
    if not name and not group:
        raise errors.invalid("Missing ARN.")
    if call.switches.package_needs_source and not any(source in request for source in _SOURCES):
        raise errors.invalid(f"One of {', '.join(_SOURCES)} must be provided.")
    arn = _version(call, request) if group else _unversioned(call, request)
    if client_token:
        call.shelf.put(_TOKENS, client_token, {"request": request, "arn": arn})
    return {"ModelPackageArn": arn}


def describe_package(call: Call) -> dict[str, Any]:
    """Describe a package by its ARN, or an unversioned one by its name."""
    return project("DescribeModelPackageOutput", _now(call, _package(call, call.request["ModelPackageName"])))


def update_package(call: Call) -> dict[str, Any]:
    """Change a version: approval, life cycle, metadata, sources; the two axes do not touch each other."""
    found = _package(call, call.request["ModelPackageArn"])
    if "ModelPackageVersion" not in found:
        raise errors.invalid(f"{found['ModelPackageArn']} is not a versioned model package.")
    changes = {
        name: value
        for name, value in call.request.items()
        if name
        in {
            "ModelApprovalStatus",
            "ModelPackageRegistrationType",
            "ApprovalDescription",
            "InferenceSpecification",
            "SourceUri",
            "ModelCard",
            "ModelLifeCycle",
        }
    }
    removed = call.request.get("CustomerMetadataPropertiesToRemove", [])
    given = call.request.get("CustomerMetadataProperties", {})
    if removed or given:
        before = found.get("CustomerMetadataProperties", {})
        merged = {key: value for key, value in before.items() if key not in removed} | given
        if len(merged) > 50:
            raise errors.invalid(
                f"A model package can have at most 50 customer metadata properties, not {len(merged)}."
            )
        changes["CustomerMetadataProperties"] = merged or None
    added = call.request.get("AdditionalInferenceSpecificationsToAdd", [])
    if added:
        specifications = found.get("AdditionalInferenceSpecifications", []) + added
        if len(specifications) > 15:
            raise errors.invalid("Total number of additional Inference Specifications can not exceed 15.")
        changes["AdditionalInferenceSpecifications"] = specifications
    return entities.change(call, PACKAGE, found, changes)


def delete_package(call: Call) -> dict[str, Any]:
    """Delete a package; its number is not given again."""
    entities.delete(call, PACKAGE, _package(call, call.request["ModelPackageName"]))
    return {}


def list_packages(call: Call) -> dict[str, Any]:
    """List packages: the versions of a group if one is given, else those not versioned unless a type is given."""
    request = call.request
    rows = listed(call, PACKAGE, "ModelPackageName", descending=False)
    kind = request.get("ModelPackageType", "Unversioned")
    if "ModelPackageGroupName" in request:
        group = _group(call, request["ModelPackageGroupName"])["ModelPackageGroupName"]
        rows, kind = [row for row in rows if row[1].get("ModelPackageGroupName") == group], "Both"
    if kind != "Both":
        rows = [row for row in rows if ("ModelPackageVersion" in row[1]) == (kind == "Versioned")]
    approval, part = request.get("ModelApprovalStatus"), request.get("NameContains", "").lower()
    rows = [
        row
        for row in rows
        if (approval is None or row[1].get("ModelApprovalStatus") == approval)
        and part in row[1]["ModelPackageName"].lower()
    ]
    shown, token = page(call, rows)
    return {"ModelPackageSummaryList": [_summary(call, row) for row in shown], **token}


def batch_describe(call: Call) -> dict[str, Any]:
    """Describe versions by their ARNs; those that cannot be are in a map of their own."""
    found: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for arn in call.request["ModelPackageArnList"]:
        try:
            document = _now(call, _package(call, arn))
        except errors.RefusalError as refusal:
            wrong[arn] = {"ErrorCode": "ValidationException", "ErrorResponse": refusal.message}
            continue
        if "InferenceSpecification" in document and "ModelPackageVersion" in document:
            found[arn] = project("BatchDescribeModelPackageSummary", document)
        else:  # the summary requires both
            reason = f"{arn} is no version with an inference specification."
            wrong[arn] = {"ErrorCode": "ValidationException", "ErrorResponse": reason}
    return {"ModelPackageSummaries": found, **({"BatchDescribeModelPackageErrorMap": wrong} if wrong else {})}


def _version(call: Call, request: dict[str, Any]) -> str:
    group = _group(call, request["ModelPackageGroupName"])
    if "Tags" in request:
        raise errors.invalid("If you supply ModelPackageGroupName, you cannot supply a tag argument.")
    name, number = group["ModelPackageGroupName"], group.get("latest", 0) + 1
    document = {
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelPackageRegistrationType": "Registered",
        **request,
        "ModelPackageGroupName": name,
        "ModelPackageName": name,
        "ModelPackageVersion": number,
        **_STATUS,
    }
    call.shelf.put(GROUP, name.lower(), {**group, "latest": number})
    return entities.create(call, PACKAGE, f"{name}/{number}", document, [])


def _unversioned(call: Call, request: dict[str, Any]) -> str:
    name = request["ModelPackageName"]
    if "ModelApprovalStatus" in request:
        raise errors.invalid("ModelApprovalStatus does not apply to unversioned models.")
    if call.shelf.get(PACKAGE, name.lower()) is not None:
        raise errors.invalid(f"Model Package already exists: {call.arn(PACKAGE, name)}")
    document = {member: value for member, value in request.items() if member != "Tags"} | _STATUS
    return entities.create(call, PACKAGE, name, document, request.get("Tags", []))


_STATUS = {"ModelPackageStatus": "Completed", "ModelPackageStatusDetails": {"ValidationStatuses": []}}


def _summary(call: Call, document: Document) -> Document:
    """Give a package as it is listed: a version without ModelPackageName (sagemaker-python-sdk#5606)."""
    summary = project("ModelPackageSummary", _now(call, document))
    if "ModelPackageVersion" in document:
        del summary["ModelPackageName"]
    return summary


def _group(call: Call, name_or_arn: str) -> Document:
    try:
        return entities.require(call, GROUP, name_or_arn)
    except errors.RefusalError:
        arn = name_or_arn if name_or_arn.startswith("arn:") else call.arn(GROUP, name_or_arn)
        raise errors.missing(f"ModelPackageGroup {arn} does not exist.") from None


def _package(call: Call, name_or_arn: str) -> Document:
    try:
        return entities.require(call, PACKAGE, name_or_arn)
    except errors.RefusalError:
        arn = name_or_arn if name_or_arn.startswith("arn:") else call.arn(PACKAGE, name_or_arn)
        raise errors.missing(f"ModelPackage {arn} does not exist.") from None


def _versions(call: Call, group: str) -> list[Document]:
    return [one for _, one in call.shelf.items(PACKAGE) if one.get("ModelPackageGroupName") == group]


def _now(call: Call, document: Document) -> Document:
    """Give a package with the status that it has by now."""
    young = call.now_ms - document["CreationTime"] < call.switches.package_pending_s * 1000
    return {**document, "ModelPackageStatus": "InProgress"} if young else document


OPERATIONS = {
    "CreateModelPackageGroup": create_group,
    "DescribeModelPackageGroup": describe_group,
    "DeleteModelPackageGroup": delete_group,
    "ListModelPackageGroups": list_groups,
    "CreateModelPackage": create_package,
    "DescribeModelPackage": describe_package,
    "UpdateModelPackage": update_package,
    "DeleteModelPackage": delete_package,
    "ListModelPackages": list_packages,
    "BatchDescribeModelPackage": batch_describe,
}
