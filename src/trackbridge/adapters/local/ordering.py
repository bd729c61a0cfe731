"""An order as SQL that sorts exactly as `trackbridge.query.order_key` does (S4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from trackbridge.errors import Rejected
from trackbridge.query import Field, OrderKey, total_order

__all__ = ["Ordering", "ordering"]

_MAX_KEYS: Final = 60  # SQLite joins 64 tables at most

_RUN_TERMS = {
    "id": ("r.id",),
    "status": ("r.status",),
    "started": ("r.started_ms",),
    "experiment": ("(SELECT name FROM experiments WHERE experiment = r.experiment)",),
    "name": ("r.name IS NULL", "r.name"),
    "parent": ("r.parent IS NULL", "r.parent"),
    "ended": ("r.ended_ms IS NULL", "r.ended_ms"),
}

# bool, number, text, then lists and dicts; what is stored as text but is none sorts by the functions we added.
_RANK = "CASE {0}.type WHEN 'bool' THEN 0 WHEN 'int' THEN 1 WHEN 'float' THEN 1 WHEN 'str' THEN 2 ELSE 3 END"
_CODED = "typeof({0}.{1}) = 'text' AND {2} != 'str'"
_MAIN = f"CASE WHEN {_CODED} THEN order_main({{2}}, {{0}}.{{1}}) ELSE {{0}}.{{1}} END"
_REST = f"CASE WHEN {_CODED} THEN order_rest({{2}}, {{0}}.{{1}}) ELSE 1 END"


@dataclass(slots=True)
class Ordering:
    """The joins that an order needs, the values they bind, and its terms."""

    joins: str = ""
    bindings: list[Any] = field(default_factory=list)
    terms: str = ""


def ordering(keys: tuple[OrderKey, ...]) -> Ordering:
    """Translate an order, completed by the id."""
    total = total_order(keys)
    if len(total) > _MAX_KEYS:
        raise Rejected(f"an order of {len(total)} keys is too long", clause="S4", remedy=f"Give at most {_MAX_KEYS}.")
    made = Ordering()
    terms: list[str] = []
    for number, key in enumerate(total):
        terms += [f"{term} DESC" if _turns(key, term) else term for term in _terms(key.field, f"o{number}", made)]
    made.terms = ", ".join(terms)
    return made


def _turns(key: OrderKey, term: str) -> bool:
    return key.descending and not term.endswith(" IS NULL")  # nulls are last in both directions


def _terms(field: Field, alias: str, made: Ordering) -> tuple[str, ...]:
    if field.family == "run":
        return _RUN_TERMS[field.name]
    made.joins += f" LEFT JOIN {field.family} {alias} ON {alias}.run = r.run AND {alias}.name = ?"
    made.bindings.append(field.name)
    match field.family, field.part:
        case "params", _:
            parts = (alias, "value", f"{alias}.type")
            return f"{alias}.value IS NULL", _RANK.format(*parts), _MAIN.format(*parts), _REST.format(*parts)
        case "metrics", "last" | "min" | "max":
            parts = (alias, field.part, "'float'")
            return f"{alias}.{field.part} IS NULL", _MAIN.format(*parts), _REST.format(*parts)
        case "metrics", _:
            return f"{alias}.{field.part} IS NULL", f"{alias}.{field.part}"
    return f"{alias}.value IS NULL", f"{alias}.value"
