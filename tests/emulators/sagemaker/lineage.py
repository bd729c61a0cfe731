"""Artifacts, actions, contexts and the associations between them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from emulators.sagemaker import entities, errors
from emulators.sagemaker.call import Call
from emulators.sagemaker.entities import ACTION, ARTIFACT, COMPONENT, CONTEXT, EXPERIMENT, PREFIX, TRIAL
from emulators.sagemaker.model import project
from emulators.sagemaker.paging import listed, page
from emulators.sagemaker.store import Document

ASSOCIATION = "association"
_EXPERIMENT_ENTITIES = {EXPERIMENT, TRIAL, COMPONENT}
_TYPE_MEMBER = {ARTIFACT: "ArtifactType", ACTION: "ActionType", CONTEXT: "ContextType"}


def create_artifact(call: Call) -> dict[str, Any]:
    """Create an artifact: its source says which it is, since DeleteArtifact takes "either ArtifactArn or Source".

    "An error occurs if you try to create an entity that already exists" (lineage-tracking-manual-creation). Its name "must be unique to your account in an Amazon Web Services Region".
    """
    request = call.request
    key = _source_key(call, request["Source"])
    if call.shelf.get(ARTIFACT, key) is not None:
        raise errors.invalid(f"Artifact with source {request['Source']['SourceUri']} already exists.")
    name = request.get("ArtifactName")
    if name and any(one.get("ArtifactName", "").lower() == name.lower() for _, one in call.shelf.items(ARTIFACT)):
        raise errors.invalid(f"Artifact with name ({name}) already exists.")
    _room(call, ARTIFACT, call.switches.artifacts, "Artifacts")
    document = {member: value for member, value in request.items() if member != "Tags"}
    return {"ArtifactArn": entities.create(call, ARTIFACT, key, document, request.get("Tags", []))}


def create_action(call: Call) -> dict[str, Any]:
    """Create an action."""
    _room(call, ACTION, call.switches.actions, "Actions")
    return entities.create_named(call, ACTION, call.request)


def create_context(call: Call) -> dict[str, Any]:
    """Create a context."""
    _room(call, CONTEXT, call.switches.contexts, "Contexts")
    return entities.create_named(call, CONTEXT, call.request)


def describe(call: Call) -> dict[str, Any]:
    """Describe an artifact, an action or a context."""
    kind = _kind(call)
    return project(f"Describe{PREFIX[kind]}Response", _required(call, kind))


def update(call: Call) -> dict[str, Any]:
    """Change one: Properties "Overwrites the current property list", without those removed."""
    kind = _kind(call)
    found = _required(call, kind)
    removed = call.request.get("PropertiesToRemove", [])
    named = {f"{PREFIX[kind]}Arn", "PropertiesToRemove"} | ({f"{PREFIX[kind]}Name"} if kind != ARTIFACT else set())
    changes = {name: value for name, value in call.request.items() if name not in named}
    if removed or "Properties" in changes:
        kept: dict[str, str] = changes["Properties"] if "Properties" in changes else found.get("Properties", {})
        changes["Properties"] = {key: value for key, value in kept.items() if key not in removed}
    return entities.change(call, kind, found, changes)


def delete(call: Call) -> dict[str, Any]:
    """Delete one; AWS's SDK removes its associations first (delete(disassociate=True))."""
    kind = _kind(call)
    if kind == ARTIFACT and ("ArtifactArn" in call.request) == ("Source" in call.request):
        raise errors.invalid("Either ArtifactArn or Source must be specified.")
    found = _required(call, kind)
    arn = found[f"{PREFIX[kind]}Arn"]
    ends = [one for _, one in call.shelf.items(ASSOCIATION) if arn in {one["SourceArn"], one["DestinationArn"]}]
    if ends and call.switches.lineage_delete_needs_no_associations:
        raise errors.in_use(f"{arn} has {len(ends)} associations, which must be deleted first.")
    for one in ends:
        call.shelf.delete(ASSOCIATION, f"{one['SourceArn']}|{one['DestinationArn']}")
    return entities.delete(call, kind, found)


def list_(call: Call) -> dict[str, Any]:
    """List artifacts, actions or contexts, by source and type if these are given."""
    kind = _kind(call)
    rows = listed(call, kind, f"{PREFIX[kind]}Name")
    source, type_ = call.request.get("SourceUri"), call.request.get(_TYPE_MEMBER[kind])
    rows = [
        row
        for row in rows
        if (source is None or row[1]["Source"]["SourceUri"] == source)
        and (type_ is None or row[1][_TYPE_MEMBER[kind]] == type_)
    ]
    shown, token = page(call, rows)
    return {f"{PREFIX[kind]}Summaries": [project(f"{PREFIX[kind]}Summary", row) for row in shown], **token}


def add_association(call: Call) -> dict[str, Any]:
    """Associate two entities: "You cannot create an association between two experiment entities".

    So says lineage-tracking-manual-creation; AWS's SDK knows a second one as "already exists" (experiments._helper).
    """
    source, destination = call.request["SourceArn"], call.request["DestinationArn"]
    ends = [_entity(call, arn) for arn in (source, destination)]
    if all(entities.split(arn)[0] in _EXPERIMENT_ENTITIES for arn in (source, destination)):
        raise errors.invalid("Associations cannot be created between two experiment entities.")
    if source == destination:
        raise errors.invalid("An entity cannot be associated with itself.")
    key = f"{source}|{destination}"
    if call.shelf.get(ASSOCIATION, key) is not None:
        raise errors.invalid(f"Association between {source} and {destination} already exists.")
    _room(call, ASSOCIATION, call.switches.associations, "Associations")
    document = {**call.request, "CreationTime": call.now_ms, "CreatedBy": {}}
    for end, name, one in zip(("Source", "Destination"), (source, destination), ends, strict=True):
        prefix = PREFIX[entities.split(name)[0]]
        document |= {f"{end}Type": one.get(f"{prefix}Type", prefix), f"{end}Name": one.get(f"{prefix}Name")}
    call.shelf.put(ASSOCIATION, key, {name: value for name, value in document.items() if value is not None})
    return {"SourceArn": source, "DestinationArn": destination}


def delete_association(call: Call) -> dict[str, Any]:
    """Delete an association."""
    source, destination = call.request["SourceArn"], call.request["DestinationArn"]
    key = f"{source}|{destination}"
    if call.shelf.get(ASSOCIATION, key) is None:
        raise errors.missing(f"There is no association between {source} and {destination}.")
    call.shelf.delete(ASSOCIATION, key)
    return {"SourceArn": source, "DestinationArn": destination}


def list_associations(call: Call) -> dict[str, Any]:
    """List associations by either end, their types and the association's."""
    filters = ("SourceArn", "DestinationArn", "SourceType", "DestinationType", "AssociationType")
    asked = {name: call.request[name] for name in filters if name in call.request}
    rows = [
        row
        for row in listed(call, ASSOCIATION, "SourceName")
        if all(row[1].get(name) == value for name, value in asked.items())
    ]
    member = call.request.get("SortBy", "CreationTime")
    descending = call.request.get("SortOrder", "Descending") == "Descending"
    rows.sort(key=lambda row: (row[1].get(member, ""), row[0]), reverse=descending)
    shown, token = page(call, rows)
    return {"AssociationSummaries": [project("AssociationSummary", row) for row in shown], **token}


def _kind(call: Call) -> str:
    return next(kind for kind in (ARTIFACT, ACTION, CONTEXT) if PREFIX[kind] in call.operation)


def _required(call: Call, kind: str) -> Document:
    if kind != ARTIFACT:
        return entities.require(call, kind, call.request[f"{PREFIX[kind]}Name"])
    arn = call.request.get("ArtifactArn") or call.arn(ARTIFACT, _source_key(call, call.request["Source"]))
    return entities.require(call, ARTIFACT, arn)


def _entity(call: Call, arn: str) -> Document:
    return entities.require(call, entities.split(arn)[0], arn)


def _source_key(call: Call, source: dict[str, Any]) -> str:
    parts: list[Any] = [call.account, call.region, source["SourceUri"]]
    if call.switches.artifact_identity == "uri-and-types":
        parts.append(sorted((one["SourceIdType"], one["Value"]) for one in source.get("SourceTypes", [])))
    return hashlib.md5(json.dumps(parts).encode()).hexdigest()


def _room(call: Call, kind: str, most: int, unit: str) -> None:
    """Refuse more than the "Maximum number of manually created lineage entities" (lineage-tracking-manual-creation)."""
    present = sum(1 for _ in call.shelf.items(kind))
    if present >= most:
        raise errors.limit(f"Total number of {unit} allowed, excluding those automatically created", most, unit)


OPERATIONS = {
    "CreateArtifact": create_artifact,
    "CreateAction": create_action,
    "CreateContext": create_context,
    **{
        f"{verb}{PREFIX[kind]}": act
        for kind in (ARTIFACT, ACTION, CONTEXT)
        for verb, act in (("Describe", describe), ("Update", update), ("Delete", delete))
    },
    **{f"List{PREFIX[kind]}s": list_ for kind in (ARTIFACT, ACTION, CONTEXT)},
    "AddAssociation": add_association,
    "DeleteAssociation": delete_association,
    "ListAssociations": list_associations,
}
