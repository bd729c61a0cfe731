"""What experiments, trials, components, actions, contexts and artifacts have in common.

A resource is a document whose keys are the members of its Describe answer; its kind is the type in its ARN, its id the
rest of the ARN. Tags lie apart, by ARN.
"""

from __future__ import annotations

from typing import Any

from emulators.sagemaker import errors
from emulators.sagemaker.call import Call
from emulators.sagemaker.store import Document

EXPERIMENT, TRIAL, COMPONENT = "experiment", "experiment-trial", "experiment-trial-component"
ARTIFACT, ACTION, CONTEXT = "artifact", "action", "context"
GROUP, PACKAGE = "model-package-group", "model-package"
KINDS = (EXPERIMENT, TRIAL, COMPONENT, ARTIFACT, ACTION, CONTEXT, GROUP, PACKAGE)
TAGS = "tags"
# What a kind's members are called: ExperimentName, TrialArn …
PREFIX = {
    EXPERIMENT: "Experiment",
    TRIAL: "Trial",
    COMPONENT: "TrialComponent",
    ARTIFACT: "Artifact",
    ACTION: "Action",
    CONTEXT: "Context",
    GROUP: "ModelPackageGroup",
    PACKAGE: "ModelPackage",
}


def split(arn: str) -> tuple[str, str]:
    """Give the kind and the id of an ARN."""
    kind, _, key = arn.split(":", 5)[5].partition("/")
    return kind, key.lower()


def create(call: Call, kind: str, key: str, document: Document, tags: list[dict[str, str]]) -> str:
    """Write a new resource; give its ARN."""
    check_tags(call, tags)
    arn = call.arn(kind, key)
    stamps = {"CreationTime": call.now_ms, "LastModifiedTime": call.now_ms, "CreatedBy": {}, "LastModifiedBy": {}}
    call.shelf.put(kind, key.lower(), {**document, **stamps, f"{PREFIX[kind]}Arn": arn})
    if tags:
        call.shelf.put(TAGS, arn, {tag["Key"]: tag["Value"] for tag in tags})
    return arn


def create_named(call: Call, kind: str, document: Document) -> dict[str, Any]:
    """Create a resource whose name is its id.

    "The name must be unique in your Amazon Web Services account and is not case-sensitive" (CreateExperiment); AWS's SDK
    knows a second one by ValidationException and "already exists" (sagemaker.core.experiments._utils).
    """
    prefix = PREFIX[kind]
    name = document[f"{prefix}Name"]
    if call.shelf.get(kind, name.lower()) is not None:
        raise errors.invalid(
            f"{prefix} names must be unique within an AWS account and region. {prefix} with name ({name}) already exists."
        )
    members = {key: value for key, value in document.items() if key != "Tags"}
    return {f"{prefix}Arn": create(call, kind, name, members, document.get("Tags", []))}


def require(call: Call, kind: str, name_or_arn: str) -> Document:
    """Give a resource by name or ARN; refuse where there is none."""
    arn = name_or_arn if name_or_arn.startswith("arn:") else call.arn(kind, name_or_arn)
    found_kind, key = split(arn)
    found = call.shelf.get(kind, key) if found_kind == kind and arn.lower() == call.arn(kind, key) else None
    if found is None:
        raise errors.missing(f"{PREFIX[kind]} '{name_or_arn}' does not exist.")
    return found


def change(call: Call, kind: str, document: Document, changes: Document) -> dict[str, Any]:
    """Write a resource with some members changed; None removes one. Gives its ARN as the answer."""
    arn = document[f"{PREFIX[kind]}Arn"]
    body = {**document, **changes, "LastModifiedTime": call.now_ms, "LastModifiedBy": {}}
    call.shelf.put(kind, split(arn)[1], {name: value for name, value in body.items() if value is not None})
    return {f"{PREFIX[kind]}Arn": arn}


def delete(call: Call, kind: str, document: Document) -> dict[str, Any]:
    """Delete a resource and its tags. Gives its ARN as the answer."""
    arn = document[f"{PREFIX[kind]}Arn"]
    call.shelf.delete(kind, split(arn)[1])
    call.shelf.delete(TAGS, arn)
    return {f"{PREFIX[kind]}Arn": arn}


def tags_of(call: Call, arn: str, lag_s: float = 0.0) -> list[dict[str, str]]:
    """Give a resource's tags by key."""
    kept = call.shelf.get_at(TAGS, arn, lag_s) or {}
    return [{"Key": key, "Value": kept[key]} for key in sorted(kept)]


def check_tags(call: Call, tags: list[dict[str, str]]) -> None:
    """Refuse tags that no resource can bear: "Tag keys must be unique per resource" (AddTags)."""
    keys = [tag["Key"] for tag in tags]
    if len(keys) != len(set(keys)):
        raise errors.invalid("Tag keys must be unique per resource.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise errors.invalid("Tag keys that begin with 'aws:' are reserved for AWS.")
    if len(keys) > call.switches.tags_per_resource:
        raise errors.invalid(f"A resource can have at most {call.switches.tags_per_resource} tags.")
