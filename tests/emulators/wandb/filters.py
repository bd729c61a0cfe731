"""Filters in MongoDB's syntax, which the API takes as JSON (docs, "Query and filter runs"; wandb/_filters/operators.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulators.wandb.errors import ServiceError

MISSING = object()
Lookup = Callable[[str], Any]
"""Gives a field's value, MISSING where the document has none; raises ServiceError for a field that cannot be."""


def parse(text: str | None) -> dict[str, Any]:
    """Read a filter.

    Raises:
        ServiceError: Where it is no JSON object.
    """
    try:
        value = json.loads(text or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ServiceError(f"invalid filter: {text!r}")
    return value


def matches(query: Mapping[str, Any], lookup: Lookup, *, missing_matches_ne: bool = True) -> bool:
    """Whether a document matches."""

    def both(inner: Mapping[str, Any]) -> bool:
        return matches(inner, lookup, missing_matches_ne=missing_matches_ne)

    for name, operand in query.items():
        if name == "$and":
            found = all(both(each) for each in operand)
        elif name == "$or":
            found = any(both(each) for each in operand)
        elif name == "$nor":
            found = not any(both(each) for each in operand)
        elif name == "$not":
            found = not both(operand)
        elif name.startswith("$"):
            raise ServiceError(f"unknown operator {name!r}")
        else:
            found = _field(lookup(name), operand, missing_matches_ne=missing_matches_ne)
        if not found:
            return False
    return True


def _field(value: Any, operand: Any, *, missing_matches_ne: bool) -> bool:
    if not (isinstance(operand, dict) and operand and all(key.startswith("$") for key in operand)):
        return _equal(value, operand)
    for operator, argument in operand.items():
        if operator == "$not":
            found = not _field(value, argument, missing_matches_ne=missing_matches_ne)
        elif operator == "$exists":
            found = (value is not MISSING) == argument
        elif operator in {"$ne", "$nin"} and value is MISSING and not missing_matches_ne:
            found = False
        elif operator in OPERATORS:
            found = OPERATORS[operator](value, argument)
        else:
            raise ServiceError(f"unknown operator {operator!r}")
        if not found:
            return False
    return True


def _equal(value: Any, operand: Any) -> bool:
    if isinstance(value, list) and not isinstance(operand, list):
        return any(_equal(item, operand) for item in value)
    if value is MISSING or value is None:
        return operand is None
    if isinstance(value, bool) or isinstance(operand, bool):
        return value is operand
    return bool(value == operand)


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(value: Any, operand: Any) -> bool:
        if isinstance(value, list):
            return any(compare(item, operand) for item in value)
        numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (value, operand))
        texts = isinstance(value, str) and isinstance(operand, str)
        return (numbers or texts) and test(value, operand)

    return compare


def _texts(value: Any) -> Sequence[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _regex(value: Any, pattern: str) -> bool:
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ServiceError(f"invalid regular expression {pattern!r}: {error}") from error
    return any(expression.search(text) for text in _texts(value))


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _equal,
    "$ne": lambda value, operand: not _equal(value, operand),
    "$in": lambda value, operand: any(_equal(value, each) for each in operand),
    "$nin": lambda value, operand: not any(_equal(value, each) for each in operand),
    "$gt": _compare(lambda a, b: a > b),
    "$gte": _compare(lambda a, b: a >= b),
    "$lt": _compare(lambda a, b: a < b),
    "$lte": _compare(lambda a, b: a <= b),
    "$regex": _regex,
    "$contains": lambda value, part: any(part in text for text in _texts(value)),
    "$all": lambda value, operand: all(_equal(value, each) for each in operand),
    "$size": lambda value, size: isinstance(value, list) and len(value) == size,
}


def sorted_by(items: Sequence[Any], order: str | None, lookup: Callable[[Any, str], Any]) -> list[Any]:
    """Sort by an order such as "-created_at"; what has no value, or one of another type, comes last."""
    if not order:
        return list(items)
    descending, name = order.startswith("-"), order.lstrip("+-")

    def rank(item: Any) -> tuple[int, Any] | None:
        value = lookup(item, name)
        if isinstance(value, bool | int | float):
            return None if value != value else (0, value)
        return (1, value) if isinstance(value, str) else None

    ranked = [(rank(item), item) for item in items]
    known = sorted((pair for pair in ranked if pair[0] is not None), key=lambda pair: pair[0], reverse=descending)
    return [item for _, item in known] + [item for found, item in ranked if found is None]
