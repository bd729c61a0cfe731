"""Which fields an expression speaks of."""

from __future__ import annotations

from collections.abc import Iterator

from trackbridge.query.tree import And, Compare, Expression, Field, In, IsNull, Not, Or

__all__ = ["fields_of"]


def fields_of(expression: Expression) -> Iterator[Field]:
    """Give the field of every comparison, in the order of the text."""
    match expression:
        case And(parts) | Or(parts):
            for part in parts:
                yield from fields_of(part)
        case Not(part):
            yield from fields_of(part)
        case Compare(field) | In(field) | IsNull(field):
            yield field
