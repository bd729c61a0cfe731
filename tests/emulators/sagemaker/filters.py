"""Search's expressions: which are allowed, and which records satisfy them (Filter, NestedFilters, SearchExpression)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from emulators.sagemaker import errors
from emulators.sagemaker.properties import Property, find, is_list
from emulators.sagemaker.switches import Switches

_ORDER = {
    "GreaterThan": lambda one, other: one > other,
    "GreaterThanOrEqualTo": lambda one, other: one >= other,
    "LessThan": lambda one, other: one < other,
    "LessThanOrEqualTo": lambda one, other: one <= other,
}
_PRESENCE = {"Exists", "NotExists"}
_TEXTUAL = {"Contains", "In"}  # "Only supported for text properties"
# "A SearchExpression can include the Contains operator multiple times when the value of Name is one of the following".
_CONTAINS_FREELY = {
    "Experiment": {"displayname", "experimentname", "tags"},
    "Trial": {"displayname", "trialname", "tags"},
    "TrialComponent": {"displayname", "trialcomponentname", "tags", "inputartifacts", "outputartifacts"},
}
_MOST = 50  # "The maximum number of recursive SubExpressions, NestedFilters, and Filters"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
Test = Callable[[Any], bool]


def compiled(record_member: str, expression: dict[str, Any], switches: Switches) -> Test:
    """Check an expression for a kind of record; give what tells whether a record satisfies it."""
    parts = list(_parts(expression))
    if len(parts) > _MOST:
        raise errors.invalid(
            f"A search expression can have at most {_MOST} filters and subexpressions, not {len(parts)}."
        )
    free = _CONTAINS_FREELY.get(record_member, set())
    counted = [
        part
        for part in parts
        if part.get("Operator") == "Contains" and part["Name"].partition(".")[0].lower() not in free
    ]
    if len(counted) > 1:
        raise errors.invalid("'CONTAINS' operator usage limit of 1 exceeded.")
    return _expression(record_member, expression, switches)


def names(expression: dict[str, Any]) -> set[str]:
    """Give the names of the properties that an expression asks for."""
    return {part["Name"] for part in _parts(expression) if "Name" in part}


def _parts(expression: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from expression.get("Filters", [])
    for nested in expression.get("NestedFilters", []):
        yield nested
        yield from nested["Filters"]
    for inner in expression.get("SubExpressions", []):
        yield inner
        yield from _parts(inner)


def _expression(record_member: str, expression: dict[str, Any], switches: Switches) -> Test:
    tests = [_filter(find(record_member, one["Name"]), one, switches) for one in expression.get("Filters", [])]
    tests += [_nested(record_member, one, switches) for one in expression.get("NestedFilters", [])]
    tests += [_expression(record_member, one, switches) for one in expression.get("SubExpressions", [])]
    if not tests:
        raise errors.invalid("You must provide at least one subexpression, filter, or nested filter.")
    if len(tests) > 20:
        raise errors.invalid("A SearchExpression can contain up to twenty elements.")
    together = any if expression.get("Operator", "And") == "Or" else all
    return lambda record: together(test(record) for test in tests)


def _nested(record_member: str, nested: dict[str, Any], switches: Switches) -> Test:
    """ "A nested filter is satisfied if a single object in the list satisfies all Boolean expressions"."""
    listed = nested["NestedPropertyName"]
    if not is_list(record_member, listed):
        raise errors.invalid(f"NestedPropertyName must name a list of objects: {listed}")
    tests = []
    for one in nested["Filters"]:
        if not one["Name"].lower().startswith(f"{listed.lower()}."):
            raise errors.invalid(f"A nested filter's name must begin with {listed}.: {one['Name']}")
        tests.append(_filter(find(record_member, one["Name"]), one, switches))
    objects = find(record_member, listed)

    def test(record: Any) -> bool:
        elements = [element for found in objects.values(record) for element in found]
        return any(all(one(_holding(listed, element)) for one in tests) for element in elements)

    return test


def _holding(path: str, element: Any) -> Any:
    """Give a record in which the list at `path` has this one element."""
    *outer, last = path.split(".")
    record: Any = {last: [element]}
    for part in reversed(outer):
        record = {part: record}
    return record


def _filter(asked: Property, one: dict[str, Any], switches: Switches) -> Test:
    operator, value = one.get("Operator", "Equals"), one.get("Value")
    if operator in _PRESENCE:
        return lambda record: bool(asked.values(record)) == (operator == "Exists")
    if value is None:
        raise errors.invalid(f"Operator {operator} on {asked.name} needs a Value.")
    if asked.type == "object":
        raise errors.invalid(f"{asked.name} can only be tested with Exists and NotExists.")
    if operator in _ORDER and asked.type in {"text", "boolean"}:
        raise errors.invalid(f"Operator {operator} is not supported for text property {asked.name}.")
    if operator in _TEXTUAL and asked.type not in {"text", "any"}:
        raise errors.invalid(f"Operator {operator} is only supported for text properties, not for {asked.name}.")
    matches = _comparison(asked, operator, value, switches)
    if operator == "NotEquals":
        missing = switches.not_equals_matches_missing
        return lambda record: _differs(asked.values(record), matches, missing)
    return lambda record: any(matches(found) for found in asked.values(record))


def _differs(values: list[Any], equals: Test, missing: bool) -> bool:
    return not any(equals(value) for value in values) if values else missing


def _comparison(asked: Property, operator: str, value: str, switches: Switches) -> Test:
    fold = str.lower if switches.search_ignores_case else str
    if operator == "In":  # "one of the comma delimited strings in Value"
        among = {fold(part.strip()) for part in value.split(",")}
        return lambda found: isinstance(found, str) and fold(found) in among
    if operator == "Contains":
        return lambda found: isinstance(found, str) and fold(value) in fold(found)
    if asked.type == "boolean":
        return lambda found: found == (value.lower() == "true")
    number = _number(asked, value)
    if operator in _ORDER:
        if number is None:
            raise errors.invalid(f"Operator {operator} on {asked.name} needs a number, not '{value}'.")
        return lambda found: not isinstance(found, str) and _ORDER[operator](found, number)
    if number is not None and asked.type != "text":
        return lambda found: found == (value if isinstance(found, str) else number)
    return lambda found: isinstance(found, str) and fold(found) == fold(value)


def _number(asked: Property, value: str) -> float | None:
    """Read a filter's value: "an integer or floating-point decimal", or for a time ``YYYY-mm-dd'T'HH:MM:SS``."""
    if asked.type == "text":
        return None
    if asked.type == "time":
        if not _TIME.fullmatch(value):
            raise errors.invalid(
                f"The value for {asked.name} must be of the form YYYY-mm-dd'T'HH:MM:SS, not '{value}'."
            )
        return datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp() * 1000
    try:
        return float(value)
    except ValueError:
        if asked.type == "number":
            raise errors.invalid(f"The value for {asked.name} must be a number, not '{value}'.") from None
        return None
