"""What SQLite is taught, for the rare values that it cannot hold or compare by itself."""

from __future__ import annotations

import math
import sqlite3
import sys
from collections.abc import Callable
from typing import Any, Final, TypeAlias
from weakref import WeakValueDictionary

from trackbridge.adapters.local.codec import NAN, to_param
from trackbridge.records.values import canonical_json, encode_value

__all__ = ["ValueTest", "add_functions", "enlist"]

ValueTest: TypeAlias = Callable[[Any], bool]

_TESTS: WeakValueDictionary[int, ValueTest] = WeakValueDictionary()
_ABOVE_ALL_INTS: Final = 1 << 14_400  # params have at most 4,300 digits, which is 14,285 bits


def add_functions(connection: sqlite3.Connection) -> None:
    """Teach a connection ``value_holds(test, type, value)``, ``order_main(type, value)`` and ``order_rest(…)``."""
    connection.create_function("value_holds", 3, _value_holds, deterministic=True)
    connection.create_function("order_main", 2, _order_main, deterministic=True)
    connection.create_function("order_rest", 2, _order_rest, deterministic=True)


def enlist(test: ValueTest) -> int:
    """Give the number under which ``value_holds`` finds a test, for as long as the caller keeps it."""
    _TESTS[id(test)] = test
    return id(test)


def _value_holds(test: int, kind: str, stored: Any) -> bool:
    return _TESTS[test](to_param(kind, stored))


def _order_main(kind: str, stored: str) -> float | str:
    """Give what a number, list or dict that is stored as text sorts by first: for numbers, the greatest float below."""
    if kind == "float":
        return -math.inf if stored == NAN else 0.0
    if kind == "int":
        return _floor(int(stored))
    return canonical_json(encode_value(to_param(kind, stored)))


def _order_rest(kind: str, stored: str) -> int | str:
    """Give what tells apart those alike in `_order_main`: NaN and −0.0 0, plain numbers 1, great ints text."""
    if kind == "float":
        return 0
    if kind == "int" and (number := int(stored)) != _floor(number):
        return f"{number + _ABOVE_ALL_INTS:x}"  # all of one length, and text sorts above numbers
    return 1


def _floor(number: int) -> float:
    try:
        near = float(number)
    except OverflowError:
        return sys.float_info.max if number > 0 else -math.inf
    return near if near <= number else math.nextafter(near, -math.inf)
