"""QueryLineage: what can be reached from an entity along associations."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from emulators.sagemaker import entities, errors
from emulators.sagemaker.call import Call
from emulators.sagemaker.entities import ACTION, ARTIFACT, COMPONENT, CONTEXT, PREFIX
from emulators.sagemaker.lineage import ASSOCIATION
from emulators.sagemaker.paging import page
from emulators.sagemaker.store import Document

_DEPTH, _PAGE = 10, 50  # QueryLineageMaxDepth, QueryLineageMaxResults
_LINEAGE = {COMPONENT: "TrialComponent", ARTIFACT: "Artifact", CONTEXT: "Context", ACTION: "Action"}


class _Step(NamedTuple):
    """How an entity was first reached."""

    via: str
    edge: Document


def query(call: Call) -> dict[str, Any]:
    """Give the entities that a filter lets through, and with IncludeEdges the associations and entities on the way.

    The start itself is not among them.
    """
    starts = call.request.get("StartArns", [])
    if len(starts) != 1:
        raise errors.invalid("StartArns must name one entity.")
    entities.require(call, entities.split(starts[0])[0], starts[0])
    reached = _reach(call, starts[0])
    matching = [arn for arn in reached if _passes(call, arn)]
    edges: dict[str, Document] = {}
    if call.request.get("IncludeEdges", False):
        for arn in list(matching):
            while arn != starts[0]:
                step = reached[arn]
                edges[f"{step.edge['SourceArn']}|{step.edge['DestinationArn']}"] = step.edge
                if arn not in matching:
                    matching.append(arn)
                arn = step.via  # noqa: PLW2901 - walks back to the start
    asked = call.asking({"MaxResults": _PAGE, **call.request})
    shown, token = page(asked, [(arn, _vertex(call, arn)) for arn in matching])
    return {"Vertices": shown, "Edges": [_edge(edge) for edge in edges.values()], **token}


def _reach(call: Call, start: str) -> dict[str, _Step]:
    """Walk breadth first, so that depth "is a measure of the number of Associations" on the shortest way."""
    direction = call.request.get("Direction", "Both")
    steps: dict[str, list[_Step]] = defaultdict(list)
    for _, edge in call.shelf.items(ASSOCIATION):
        source, destination = edge["SourceArn"], edge["DestinationArn"]
        if direction in {"Both", "Descendants"}:
            steps[source].append(_Step(destination, edge))
        if direction in {"Both", "Ascendants"}:
            steps[destination].append(_Step(source, edge))
    reached: dict[str, _Step] = {}
    frontier = [start]
    for _ in range(call.request.get("MaxDepth", _DEPTH)):
        found: list[str] = []
        for arn in frontier:
            for other, edge in steps[arn]:
                if other != start and other not in reached:
                    reached[other] = _Step(arn, edge)
                    found.append(other)
        frontier = found
    return reached


def _passes(call: Call, arn: str) -> bool:
    asked = call.request.get("Filters", {})
    document, vertex = _document(call, arn), _vertex(call, arn)
    if "LineageTypes" in asked and vertex.get("LineageType") not in asked["LineageTypes"]:
        return False
    if "Types" in asked and vertex.get("Type") not in asked["Types"]:
        return False
    created, modified = document.get("CreationTime", 0), document.get("LastModifiedTime", 0)
    if not (asked.get("CreatedAfter", created - 1) < created < asked.get("CreatedBefore", created + 1)):
        return False
    if not (asked.get("ModifiedAfter", modified - 1) < modified < asked.get("ModifiedBefore", modified + 1)):
        return False
    properties = document.get("Properties", {})
    return all(properties.get(key) == value for key, value in asked.get("Properties", {}).items())


def _document(call: Call, arn: str) -> Document:
    return call.shelf.get(*entities.split(arn)) or {}


def _vertex(call: Call, arn: str) -> Document:
    kind = entities.split(arn)[0]
    vertex = {
        "Arn": arn,
        "Type": _document(call, arn).get(f"{PREFIX[kind]}Type"),
        "LineageType": _LINEAGE.get(kind),
    }
    return {name: value for name, value in vertex.items() if value is not None}


def _edge(edge: Document) -> Document:
    return {name: edge[name] for name in ("SourceArn", "DestinationArn", "AssociationType") if name in edge}


OPERATIONS = {"QueryLineage": query}
