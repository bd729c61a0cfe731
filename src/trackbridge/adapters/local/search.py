"""A scan as SQL that answers exactly as `trackbridge.query` does (S1–S4).

Three-valued logic is SQLite's own affair until a ``not`` looks at it, which takes what is unknown for false (S3).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from trackbridge.adapters.local.conditions import condition
from trackbridge.adapters.local.functions import ValueTest
from trackbridge.adapters.local.ordering import ordering
from trackbridge.adapters.local.rows import marks, padded
from trackbridge.protocol import NativeRun, Scan
from trackbridge.query import And, Compare, Expression, Field, In, IsNull, Not, Or, matcher
from trackbridge.records.runs import RunRecord

__all__ = ["Selection", "selection"]

_MAX_NODES: Final = 300  # older SQLites take 999 values a statement, and trees of 1,000 levels


@dataclass(frozen=True, slots=True)
class Selection:
    """A scan, translated.

    Attributes:
        keys: The statement that gives the keys of all matching runs in their order.
        bindings: Its values.
    """

    keys: str
    bindings: tuple[Any, ...]
    _residual: Callable[[RunRecord], bool] | None  # the whole of a query too large to be SQL
    _where: str
    _where_bindings: tuple[Any, ...]
    _tests: tuple[ValueTest, ...]  # kept for as long as the statements may call them

    def still(self, connection: sqlite3.Connection, page: Sequence[int]) -> list[int]:
        """Give those runs of a page that match now, in their order."""
        # NOT INDEXED keeps SQLite from going through all runs that are not deleted instead of looking up the page's.
        statement = f"SELECT run FROM runs r NOT INDEXED WHERE run IN ({marks(page)}) AND {self._where}"
        found = {key for (key,) in connection.execute(statement, (*padded(page), *self._where_bindings))}
        return [key for key in page if key in found]

    def fitting(self, page: Sequence[NativeRun]) -> Iterable[NativeRun]:
        """Give those runs of a page that what could not be SQL lets pass."""
        if self._residual is None:
            return page
        # A native run of this adapter has all that the core's record has, under the same names.
        return filter(cast("Callable[[NativeRun], bool]", self._residual), page)


@dataclass(slots=True)
class _Translation:
    """Bindings and tests in the order in which the text that is being made asks for them."""

    bindings: list[Any] = field(default_factory=list)
    tests: list[ValueTest] = field(default_factory=list)


def selection(scan: Scan) -> Selection:
    """Translate a scan."""
    made = _Translation()
    parts = [f"r.deleted = {int(scan.deleted == 'only')}"]
    if scan.experiments is not None:
        parts.append(_sql(In(Field("run", "experiment"), scan.experiments), made))
    residual = None
    if scan.where is not None and _nodes(scan.where) <= _MAX_NODES:
        parts.append(_sql(scan.where, made))
    elif scan.where is not None:
        residual = matcher(scan.where)
    where, bindings = " AND ".join(parts), tuple(made.bindings)
    order = ordering(scan.order_by)
    return Selection(
        f"SELECT r.run FROM runs r {order.joins} WHERE {where} ORDER BY {order.terms}",
        (*order.bindings, *bindings),
        residual,
        where,
        bindings,
        tuple(made.tests),
    )


def _nodes(expression: Expression) -> int:
    match expression:
        case And(parts) | Or(parts):
            return 1 + sum(map(_nodes, parts))
        case Not(part):
            return 1 + _nodes(part)
    return 1


def _sql(expression: Expression, made: _Translation) -> str:
    match expression:
        case And(parts):
            return f"({' AND '.join(_sql(part, made) for part in parts) or '1'})"
        case Or(parts):
            return f"({' OR '.join(_sql(part, made) for part in parts) or '0'})"
        case Not(part):
            return f"({_sql(part, made)} IS NOT TRUE)"
        case IsNull(negated=negated):
            return f"({_leaf(expression, made)} IS {'TRUE' if negated else 'NOT TRUE'})"
    return _leaf(expression, made)


def _leaf(comparison: Compare | In | IsNull, made: _Translation) -> str:
    """Say that the field is there and, unless its being there is all that is asked, what it is."""
    name = comparison.field.name
    match comparison.field.family:
        case "datasets":
            pattern = "EXISTS (SELECT 1 FROM datasets WHERE run = r.run AND {})"
        case "run" if name == "experiment":
            pattern = "r.experiment IN (SELECT experiment FROM experiments WHERE {})"
        case "run":
            pattern = "({})"
        case family:
            pattern = f"EXISTS (SELECT 1 FROM {family} WHERE run = r.run AND name = ? AND {{}})"
            made.bindings.append(name)
    text, bindings, tests = condition(comparison)
    made.bindings += bindings
    made.tests += tests
    return pattern.format(text)
