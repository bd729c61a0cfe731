"""What a search expression says of a run (S3): every backend's answer is finished here."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from trackbridge.query.tree import And, Compare, Expression, Field, In, IsNull, Literal_, Not, Or
from trackbridge.records.runs import RunRecord

__all__ = ["field_reader", "matcher", "matches", "value_test"]

Predicate: TypeAlias = Callable[[RunRecord], bool]
_Test: TypeAlias = Callable[[Any], bool]

_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_RUN_ATTRIBUTES: Final = {"started": "started_ms", "ended": "ended_ms"}


def matches(expression: Expression, run: RunRecord) -> bool:
    """Tell whether `run` is one of those asked for; for many runs use `matcher`."""
    return matcher(expression)(run)


def matcher(expression: Expression) -> Predicate:
    """Compile `expression` to a predicate over runs.

    A field that is missing, and a param that is None, is null. Of a run's datasets one that fits is enough, so
    ``datasets.uri is null`` says that none of them has a uri.
    """
    match expression:
        case And(parts):
            needed = [matcher(part) for part in parts]
            return lambda run: all(holds(run) for holds in needed)
        case Or(parts):
            offered = [matcher(part) for part in parts]
            return lambda run: any(holds(run) for holds in offered)
        case Not(part):
            inner = matcher(part)
            return lambda run: not inner(run)
        case Compare() | In():
            return _on(expression.field, value_test(expression))
        case IsNull(field, negated):
            present = _on(field, lambda _: True)
            return present if negated else lambda run: not present(run)


def value_test(comparison: Compare | In) -> Callable[[Any], bool]:
    """Compile what a comparison asks of a value that is there, for backends that search by themselves."""
    if isinstance(comparison, Compare):
        return _comparison(comparison.operator, comparison.value)
    negated = comparison.negated
    tests = [_comparison("!=" if negated else "=", value) for value in comparison.values]
    combined = all if negated else any
    return lambda value: combined(test(value) for test in tests)


def field_reader(field: Field) -> Callable[[RunRecord], Any]:
    """Give a function that reads a field of one value from a run, None where it is missing."""
    name, part = field.name, field.part
    match field.family:
        case "params":
            return lambda run: run.params.get(name)
        case "tags":
            return lambda run: run.tags.get(name)
        case "metrics":
            return lambda run: None if (summary := run.metrics.get(name)) is None else getattr(summary, part)
        case "run":
            return operator.attrgetter(_RUN_ATTRIBUTES.get(name, name))
    raise ValueError(f"{field.family} has many values in a run")


def _on(field: Field, test: _Test) -> Predicate:
    """Apply a test to the field where it is there; of a run's datasets one is enough."""
    if field.family == "datasets":
        part = operator.attrgetter(field.part)
        return lambda run: any((value := part(dataset)) is not None and test(value) for dataset in run.datasets)
    read = field_reader(field)
    return lambda run: (value := read(run)) is not None and test(value)


def _comparison(symbol: str, literal: Literal_) -> _Test:
    if symbol in {"like", "ilike"}:
        return _pattern(str(literal), fold=symbol == "ilike")
    compare = _COMPARISONS[symbol]
    if isinstance(literal, bool):
        return lambda value: isinstance(value, bool) and compare(value, literal)
    if isinstance(literal, str):
        return lambda value: isinstance(value, str) and compare(value, literal)
    # `value == value` leaves NaN out, which is unequal to everything and would otherwise satisfy `!=`.
    return lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and value == value and compare(value, literal)  # noqa: PLR0124
    )


def _pattern(pattern: str, *, fold: bool) -> _Test:
    """Compile a pattern of `like`; atomic groups keep the time linear in the text for each ``%``."""
    pieces = [""]
    characters = iter(pattern.casefold() if fold else pattern)
    for character in characters:
        if character == "%":
            pieces.append("")
        else:
            pieces[-1] += (
                "." if character == "_" else re.escape(next(characters, character) if character == "\\" else character)
            )
    first, *middle = pieces
    last = f".*{middle.pop()}" if middle else ""
    regex = re.compile(first + "".join(f"(?>.*?{piece})" for piece in middle) + last, re.DOTALL)
    if fold:
        return lambda value: isinstance(value, str) and regex.fullmatch(value.casefold()) is not None
    return lambda value: isinstance(value, str) and regex.fullmatch(value) is not None
