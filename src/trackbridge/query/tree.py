"""The tree of a search expression, and the keys of an order (S1, S2, S4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["And", "Compare", "Expression", "Family", "Field", "In", "IsNull", "Literal_", "Not", "Or", "OrderKey"]

Family: TypeAlias = Literal["params", "metrics", "tags", "datasets", "run"]
Literal_: TypeAlias = str | int | float | bool
Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "like", "ilike"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a run.

    `family` "run" has the names id, name, status, experiment, parent, started and ended. `part` of a metric is last,
    min, max or count; of a dataset the attribute asked for, where some dataset of the run must match; else "".
    `name` of a dataset field is "".
    """

    family: Family
    name: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Compare:
    """``field op value``; times in ``started`` and ``ended`` are milliseconds, a float where the text was finer."""

    field: Field
    operator: Operator
    value: Literal_


@dataclass(frozen=True, slots=True)
class In:
    """``field in (…)`` or ``field not in (…)``."""

    field: Field
    values: tuple[Literal_, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsNull:
    """``field is null`` or ``field is not null``."""

    field: Field
    negated: bool = False


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The two-valued opposite (S3)."""

    part: Expression


Expression: TypeAlias = Compare | In | IsNull | And | Or | Not


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One key of an order; missing values come last in both directions (S4)."""

    field: Field
    descending: bool = False
