"""One comparison as a condition on the column that holds its field."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from trackbridge.adapters.local.functions import ValueTest, enlist
from trackbridge.query import Compare, Field, In, IsNull, value_test
from trackbridge.query.tree import Literal_
from trackbridge.records.metrics import MAX_STEP, MIN_STEP

__all__ = ["Condition", "condition"]

_MAX_ALTERNATIVES: Final = 20
_MAX_TEXTS: Final = 200

_RUN_COLUMNS = {"started": "r.started_ms", "ended": "r.ended_ms", "experiment": "experiments.name"}
_INT_FIELDS = {("run", "started"), ("run", "ended"), ("metrics", "count"), ("datasets", "rows")}


class Condition(NamedTuple):
    """SQL that is true, false or NULL; the values it binds; and the tests it calls, which the caller must keep."""

    text: str
    bindings: tuple[Any, ...] = ()
    tests: tuple[ValueTest, ...] = ()


class _Column(NamedTuple):
    """A column, and SQL for the type of what it holds: a constant, but for params."""

    name: str
    kind: str


def condition(comparison: Compare | In | IsNull) -> Condition:
    """Give what must hold in a row that may have the field; NULL where it has not."""
    column = _column(comparison.field)
    match comparison:
        case IsNull():
            return Condition(f"{column.name} IS NOT NULL")
        case Compare(operator="like" | "ilike"):
            return _tested(column, comparison)
        case Compare(operator=operator, value=value):
            return _native(column, operator, value) or _mixed(column, comparison)
        case In():
            return _membership(column, comparison)


def _column(field: Field) -> _Column:
    match field.family:
        case "params":
            return _Column("value", "type")
        case "tags":
            return _Column("value", "'str'")
        case "run":
            name = _RUN_COLUMNS.get(field.name, f"r.{field.name}")
            return _Column(name, "'int'" if ("run", field.name) in _INT_FIELDS else "'str'")
    ordinary = "'float'" if field.family == "metrics" else "'str'"
    return _Column(field.part, "'int'" if (field.family, field.part) in _INT_FIELDS else ordinary)


def _membership(column: _Column, comparison: In) -> Condition:
    values, negated = comparison.values, comparison.negated
    if not values:
        return Condition(f"{column.name} IS NOT NULL" if negated else "0")
    if len(values) <= _MAX_TEXTS and all(isinstance(value, str) for value in values):
        marks = ",".join("?" * len(values))
        return _of_kind(column, "str", f"{column.name} {'NOT IN' if negated else 'IN'} ({marks})", values)
    if len(values) > _MAX_ALTERNATIVES:
        return _tested(column, comparison)
    alternatives = [condition(Compare(comparison.field, "!=" if negated else "=", value)) for value in values]
    return Condition(
        f"({(' AND ' if negated else ' OR ').join(alternative.text for alternative in alternatives)})",
        tuple(binding for alternative in alternatives for binding in alternative.bindings),
        tuple(test for alternative in alternatives for test in alternative.tests),
    )


def _native(column: _Column, operator: str, value: Literal_) -> Condition | None:
    """Leave the comparison to SQLite, whose texts sort by code point and whose ints and floats compare exactly."""
    if isinstance(value, bool):
        return _of_kind(column, "bool", f"{column.name} {operator} ?", (int(value),))
    if isinstance(value, str):
        return _of_kind(column, "str", f"{column.name} {operator} ?", (value,))
    if column.kind == "'int'" and _bindable(value):
        return Condition(f"{column.name} {operator} ?", (value,))
    return Condition("0") if column.kind == "'str'" else None


def _of_kind(column: _Column, kind: str, text: str, bindings: tuple[Any, ...]) -> Condition:
    if column.kind == "type":
        return Condition(f"(type = '{kind}' AND {text})", bindings)
    return Condition(text, bindings) if column.kind == f"'{kind}'" else Condition("0")


def _mixed(column: _Column, comparison: Compare) -> Condition:
    """Compare numbers in a column where some of them are stored as text: those go to the core's own test."""
    tested = _tested(column, comparison)
    if not _bindable(comparison.value):
        return tested
    native = f"{column.name} {comparison.operator} ?"
    text = f"CASE typeof({column.name}) WHEN 'text' THEN {tested.text} ELSE {native} END"
    if column.kind == "type":
        text = f"(type IN ('int', 'float') AND {text})"
    return Condition(text, (*tested.bindings, comparison.value), tested.tests)


def _tested(column: _Column, comparison: Compare | In) -> Condition:
    test = value_test(comparison)
    text = f"({column.name} IS NOT NULL AND value_holds(?, {column.kind}, {column.name}))"
    return Condition(text, (enlist(test),), (test,))


def _bindable(value: Literal_) -> bool:
    """Tell whether SQLite can hold a number: it has no NaN, and no int beyond 64 bits."""
    return MIN_STEP <= value <= MAX_STEP if isinstance(value, int) else not math.isnan(float(value))
