"""How values lie in columns without a type: exactly, told apart by SQLite, and legible in raw SQL."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from trackbridge.errors import IntegrityError
from trackbridge.records.metrics import MAX_STEP, MIN_STEP
from trackbridge.records.values import ParamValue

__all__ = ["NAN", "NEGATIVE_ZERO", "Column", "from_float", "from_param", "to_float", "to_param"]

Column: TypeAlias = None | int | float | str

NAN: Final = "NaN"  # SQLite binds it as NULL
NEGATIVE_ZERO: Final = "-0.0"  # SQLite holds it, but takes it for 0.0 in comparisons and keys


def from_float(value: float) -> float | str:
    """Give what is stored of a float64."""
    if value == 0.0:
        return value if math.copysign(1.0, value) > 0 else NEGATIVE_ZERO
    return value if value == value else NAN  # noqa: PLR0124 - false of NaN alone


def to_float(column: float | str) -> float:
    """Give the float64 back."""
    return float(column)


def from_param(value: ParamValue) -> tuple[str, Column]:
    """Give the type and the stored form of a param; two params are equal (P2) exactly if both are."""
    match value:
        case None:
            return "none", None
        case bool():
            return "bool", int(value)
        case int():
            return "int", value if MIN_STEP <= value <= MAX_STEP else str(value)
        case float():
            return "float", from_float(value)
        case str():
            return "str", value
        case list():
            return "list", _json(value)
    return "dict", _json(value)


def to_param(kind: str, column: Any) -> ParamValue:
    """Give the param back."""
    decode = _DECODERS.get(kind)
    if decode is None:
        raise IntegrityError(f"a param is stored with the type {kind!r}", clause="P2")
    return decode(column)


def _json(value: ParamValue) -> str:
    # Python's JSON keeps what P2 asks for: ints of any size, floats by repr, NaN and Infinity by name.
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


_DECODERS: dict[str, Callable[[Any], ParamValue]] = {
    "none": lambda _: None,
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    "list": json.loads,
    "dict": json.loads,
}
