"""Search over experiments, trials, components, model packages and their groups."""

from __future__ import annotations

from typing import Any

from emulators.sagemaker import entities, errors, filters, metrics, properties
from emulators.sagemaker.call import Call
from emulators.sagemaker.entities import COMPONENT, EXPERIMENT, GROUP, PACKAGE, PREFIX, TRIAL
from emulators.sagemaker.experiments import memberships
from emulators.sagemaker.model import project, shape
from emulators.sagemaker.paging import Row, page
from emulators.sagemaker.store import Document

# Resource as in the request, to the kind and the member of SearchRecord that holds it.
_RESOURCES = {
    "Experiment": (EXPERIMENT, "Experiment"),
    "ExperimentTrial": (TRIAL, "Trial"),
    "ExperimentTrialComponent": (COMPONENT, "TrialComponent"),
    "ModelPackage": (PACKAGE, "ModelPackage"),
    "ModelPackageGroup": (GROUP, "ModelPackageGroup"),
}


def search(call: Call) -> dict[str, Any]:
    """Find resources: "SortBy: The default is LastModifiedTime", "SortOrder: The default is Descending"."""
    request = call.request
    if request["Resource"] not in _RESOURCES or request.get("CrossAccountFilterOption") == "CrossAccount":
        return {"Results": [], "TotalHits": {"Value": 0, "Relation": "EqualTo"}}
    if "VisibilityConditions" in request:
        raise errors.invalid("The emulator does not know VisibilityConditions.")
    kind, member = _RESOURCES[request["Resource"]]
    expression = request.get("SearchExpression")
    test = _anything if expression is None else filters.compiled(member, expression, call.switches)
    latest = "CreationTime" if kind == GROUP else "LastModifiedTime"  # a group's record has no other time
    sort_by = properties.find(member, request.get("SortBy", latest))
    asked = {name.partition(".")[0].lower() for name in filters.names(expression or {}) | {sort_by.name}}
    rows = [(key, record) for key, record in _records(call, kind, asked) if test(record)]
    ordered = _ordered(rows, sort_by, descending=request.get("SortOrder", "Descending") == "Descending")
    shown, token = page(call, ordered)
    holder = shape("SearchRecord").members[member].name
    results = [{member: project(holder, _whole(call, kind, record))} for record in shown]
    return {"Results": results, "TotalHits": {"Value": len(ordered), "Relation": "EqualTo"}, **token}


def _anything(_record: Any) -> bool:
    return True


def _records(call: Call, kind: str, asked: set[str]) -> list[Row]:
    """Give the records of a kind as they were, with what belongs to others and is asked for."""
    lag_s = call.switches.search_lag_s
    parents: dict[str, list[Document]] = {}
    if kind in {COMPONENT, TRIAL}:
        for one in memberships(call, lag_s=lag_s):
            parents.setdefault(one["TrialComponentName" if kind == COMPONENT else "TrialName"], []).append(one)
    rows = []
    for key, document in call.shelf.items(kind, lag_s):
        record = dict(document)
        if "tags" in asked:
            record["Tags"] = _tags(call, kind, document)
        if kind == COMPONENT:
            names = parents.get(document["TrialComponentName"], [])
            record["Parents"] = [{name: one[name] for name in ("TrialName", "ExperimentName")} for one in names]
            if "metrics" in asked:
                record["Metrics"] = metrics.summaries(call, document, lag_s)
        if kind == TRIAL:
            names = parents.get(document["TrialName"], [])
            record["TrialComponentSummaries"] = [_simple(call, one["TrialComponentName"]) for one in names]
        rows.append((key, record))
    return rows


def _whole(call: Call, kind: str, record: Document) -> Document:
    """Give a record with its tags and metrics, which are read for those shown only."""
    whole = {"Tags": _tags(call, kind, record), **record}
    if kind == COMPONENT:
        whole = {"Metrics": metrics.summaries(call, record, call.switches.search_lag_s), **whole}
    return whole


def _tags(call: Call, kind: str, document: Document) -> list[dict[str, str]]:
    arn = document[f"{PREFIX[kind]}Arn"]
    if kind == PACKAGE and "ModelPackageVersion" in document and not call.switches.tags_on_versions:
        arn = call.arn(GROUP, document["ModelPackageGroupName"])
    return entities.tags_of(call, arn, call.switches.search_lag_s)


def _simple(call: Call, component: str) -> Document:
    found = call.shelf.get(COMPONENT, component.lower()) or {"TrialComponentName": component}
    return project("TrialComponentSimpleSummary", found)


def _ordered(rows: list[Row], by: properties.Property, *, descending: bool) -> list[Row]:
    """Sort by a property, then by id; numbers before texts, and records without the property last in either order."""
    if by.type == "object":
        raise errors.invalid(f"Results cannot be sorted by {by.name}.")
    keyed = [((isinstance(value, str), value), row) for row in rows for value in by.values(row[1])[:1]]
    keyed.sort(key=lambda pair: (pair[0], pair[1][0]), reverse=descending)
    have = {row[0] for _, row in keyed}
    return [row for _, row in keyed] + sorted(row for row in rows if row[0] not in have)


OPERATIONS = {"Search": search}
