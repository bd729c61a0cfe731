"""The order of search results: total, and the same on every backend (S4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import total_ordering
from typing import Any, Final, TypeAlias

from trackbridge.query.evaluation import field_reader
from trackbridge.query.tree import Field, OrderKey
from trackbridge.records.runs import RunRecord
from trackbridge.records.values import canonical_json, encode_value

__all__ = ["DEFAULT_ORDER", "order_key", "total_order"]

_ID: Final = OrderKey(Field("run", "id"))
_LAST: Final = (1,)  # sorts behind every (0, …)

DEFAULT_ORDER: Final = (OrderKey(Field("run", "started"), descending=True), _ID)

SortKey: TypeAlias = tuple[Any, ...]


@total_ordering
class _Reversed:
    __slots__ = ("key",)

    def __init__(self, key: SortKey) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and self.key == other.key

    def __lt__(self, other: _Reversed) -> bool:
        return other.key < self.key

    def __hash__(self) -> int:
        return hash(self.key)


def total_order(keys: Sequence[OrderKey]) -> tuple[OrderKey, ...]:
    """Complete an order: started desc where it is empty, and ties broken by id."""
    if not keys:
        return DEFAULT_ORDER
    return tuple(keys) if any(key.field == _ID.field for key in keys) else (*keys, _ID)


def order_key(keys: Sequence[OrderKey]) -> Callable[[RunRecord], SortKey]:
    """Give the key function that sorts runs by `keys`, then by id.

    Missing values, None among them, come last in both directions. Ascending, values of several types in one column
    come as bool, number, text, then lists and dicts by their canonical JSON; numbers are ordered as M4 has it (NaN
    least, −0.0 before 0.0) with int and float compared exactly, text by code point.
    """
    columns = [(field_reader(key.field), key.descending) for key in total_order(keys)]

    def key_of(run: RunRecord) -> SortKey:
        return tuple(_column(read(run), descending) for read, descending in columns)

    return key_of


def _column(value: Any, descending: bool) -> SortKey:
    if value is None:
        return _LAST
    return (0, _Reversed(_rank(value))) if descending else (0, _rank(value))


def _rank(value: Any) -> SortKey:
    if isinstance(value, bool):
        return 0, value
    if isinstance(value, str):
        return 2, value
    if isinstance(value, int | float):
        if value != value:  # noqa: PLR0124 - true of NaN alone
            return 1, -math.inf, -1
        if value == -math.inf:
            return 1, -math.inf, 0
        return 1, value, 0 if value == 0 and math.copysign(1, value) < 0 else 1
    return 3, canonical_json(encode_value(value))
