"""The properties that Search can name, read off the model's SearchRecord: what type each is and its value in a record.

Filter's page gives the forms: ``Metrics.<name>``, ``Tags.<key>``, a member, or a path of members. The first part may be
in any case, as AWS's SDK documents ``metrics.loss.max`` to sort by; Parents and other lists give a value for each element.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from emulators.sagemaker import errors, model

Type = Literal["text", "number", "time", "boolean", "any", "object"]
_TYPES: dict[str, Type] = {
    "string": "text",
    "timestamp": "time",
    "boolean": "boolean",
    **dict.fromkeys(("integer", "long", "float", "double"), "number"),
}
_STATISTICS = {name.lower(): name for name in ("Max", "Min", "Last", "Avg", "Count", "StdDev")}


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a kind of resource; `values` gives what a record has for it, most often one value or none."""

    name: str
    type: Type
    values: Callable[[Any], list[Any]]


@cache
def find(record_member: str, name: str) -> Property:
    """Give the property `name` of SearchRecord's member; refuse a name that the model does not know."""
    found = _find(model.shape("SearchRecord").members[record_member], name)
    if found is None:
        raise errors.invalid(f"Unknown property name: {name}")
    return Property(name, *found)


def is_list(record_member: str, name: str) -> bool:
    """Tell whether a property is a list of structures, as NestedFilters want it."""
    shape = model.shape("SearchRecord").members[record_member]
    for part in name.split("."):
        member = _member(shape, part) if shape.type_name == "structure" else None
        if member is None:
            return False
        shape = shape.members[member]
    return bool(shape.type_name == "list" and shape.member.type_name == "structure")


def _find(shape: Any, name: str) -> tuple[Type, Callable[[Any], list[Any]]] | None:
    head, _, rest = name.partition(".")
    member = _member(shape, head)
    if member is None:
        return None
    return _inside(member, shape.members[member], rest)


def _inside(member: str, shape: Any, rest: str) -> tuple[Type, Callable[[Any], list[Any]]] | None:
    if member == "Tags":
        return ("text", lambda record: _tags(record, rest))
    if member == "Metrics":
        return ("number", lambda record: _metric(record, rest)) if rest else None
    if shape.type_name == "map":
        return _of_map(member, shape, rest)
    if not rest:
        type_ = _TYPES.get(shape.type_name, "object")
        return (type_, lambda record: [record[member]] if record.get(member) not in (None, []) else [])
    element = shape.member if shape.type_name == "list" else shape
    deeper = _find(element, rest) if element.type_name == "structure" else None
    if deeper is None:
        return None
    type_, values = deeper
    if shape.type_name == "list":
        return type_, lambda record: [value for one in record.get(member, []) for value in values(one)]
    return type_, lambda record: values(record[member]) if member in record else []


def _of_map(member: str, shape: Any, rest: str) -> tuple[Type, Callable[[Any], list[Any]]] | None:
    if not rest:
        return ("object", lambda record: [record[member]] if record.get(member) else [])
    inner = tuple(shape.value.members) if shape.value.type_name == "structure" else ()

    def values(record: Any) -> list[Any]:
        kept = record.get(member, {})
        if rest in kept:
            value = kept[rest]
            wanted = [name for name in inner if name != "MediaType"] if inner else []
            return [value[name] for name in wanted if name in value] if inner else [value]
        key, _, last = rest.rpartition(".")
        return [kept[key][last]] if last in inner and last in kept.get(key, {}) else []

    return "any", values


def _member(shape: Any, name: str) -> str | None:
    return next((member for member in shape.members if member.lower() == name.lower()), None)


def _tags(record: Any, key: str) -> list[Any]:
    return [tag["Value"] for tag in record.get("Tags", []) if not key or tag["Key"] == key]


def _metric(record: Any, name: str) -> list[Any]:
    summaries = {one["MetricName"]: one for one in record.get("Metrics", [])}
    statistic = "Last"
    if name not in summaries:
        name, _, last = name.rpartition(".")
        statistic = _STATISTICS.get(last.lower(), "")
    value = summaries.get(name, {}).get(statistic)
    return [] if value is None or math.isnan(value) else [value]
