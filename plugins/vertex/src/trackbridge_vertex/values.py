"""Params in a Struct: what JSON tells apart is shown as it is, all else as text with a mark of its type (P2)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Final

from trackbridge.records.values import ParamValue
from trackbridge.sidecar import native_text
from trackbridge_vertex.structs import Plain

__all__ = ["mark_of", "read_param", "shown_param"]

_INT, _FLOAT, _NONE, _JSON = "int", "float", "none", "json"
_FLOATS: Final[Mapping[str, float]] = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "-0.0": -0.0}


def shown_param(value: ParamValue) -> Plain:
    """Give what a Struct holds of a param: text, a truth value, or an ordinary float; other things as text.

    A Struct has no ints, for its numbers are float64, and neither NaN nor infinities.
    """
    return value if mark_of(value) is None else native_text(value)


def mark_of(value: ParamValue) -> str | None:
    """Give the type of a param that its shown form does not tell; None where it does."""
    match value:
        case None:
            return _NONE
        case bool() | str():
            return None
        case int():
            return _INT
        case float():
            return _FLOAT if str(value) in _FLOATS else None
    return _JSON


def read_param(shown: Plain, mark: str | None) -> ParamValue:
    """Give a param of what a Struct holds and the mark; where somebody changed it so that the mark is wrong, as it is."""
    if mark is None or not isinstance(shown, str):
        return json.dumps(shown) if isinstance(shown, dict) else shown
    try:
        value = _READ[mark](shown)
    except (KeyError, ValueError, RecursionError):
        return shown
    return value if mark_of(value) == mark else shown


def _read_none(text: str) -> None:
    if text != native_text(None):
        raise ValueError(text)


_READ: Final[Mapping[str, Callable[[str], ParamValue]]] = {
    _INT: int,
    _FLOAT: _FLOATS.__getitem__,
    _NONE: _read_none,
    _JSON: json.loads,
}
