"""The way back: a tree as the text that parses to it."""

from __future__ import annotations

import re

from trackbridge.query.tree import And, Compare, Expression, Field, In, IsNull, Literal_, Not, Or

__all__ = ["field_text", "to_text"]

_PLAIN = re.compile(r"\w+")


def to_text(expression: Expression) -> str:
    """Write `expression` in the language of searches; `parse` gives the same tree back."""
    match expression:
        case And(parts):
            return " and ".join(_within(part, (And, Or)) for part in parts)
        case Or(parts):
            return " or ".join(_within(part, (Or,)) for part in parts)
        case Not(part):
            return f"not {_within(part, (And, Or))}"
        case Compare(field, operator, value):
            return f"{field_text(field)} {operator} {_literal(value)}"
        case In(field, values, negated):
            listed = ", ".join(_literal(value) for value in values)
            return f"{field_text(field)} {'not in' if negated else 'in'} ({listed})"
        case IsNull(field, negated):
            return f"{field_text(field)} {'is not null' if negated else 'is null'}"


def field_text(field: Field) -> str:
    """Write a field as S1 spells it, its name in backquotes where it needs them."""
    if field.family == "run":
        return field.name
    if field.family == "datasets":
        return f"datasets.{field.part}"
    name = field.name if _PLAIN.fullmatch(field.name) else f"`{field.name.replace('`', '``')}`"
    part = f".{field.part}" if field.part not in {"", "last"} else ""
    return f"{field.family}.{name}{part}"


def _within(part: Expression, looser: tuple[type, ...]) -> str:
    text = to_text(part)
    return f"({text})" if isinstance(part, looser) else text


def _literal(value: Literal_) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
