"""Params as W&B's config holds them: JSON that every reader of it reads alike, and the type that it cannot tell.

W&B keeps a config as JSON, which JavaScript, Go and Python read in their own ways: NaN is no JSON, an integer beyond
2⁵³ loses digits, 1.0 may become 1. What any of them could change is shown as text or kept with its true form beside
it, which applies as long as the config still shows what it was written for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, cast

from trackbridge.records.values import ParamValue, decode_value, encode_value
from trackbridge.sidecar import native_text

__all__ = ["flatten", "read_value", "same_json", "show_value", "true_form"]

_EXACT: Final = 2**53
_NAME_CHARS: Final = 250


def show_value(value: ParamValue) -> Any:
    """Give what the config shows: the value itself, or as text what JSON does not hold."""
    return native_text(value) if _is_beyond_json(value) else value


def true_form(value: ParamValue) -> Any | None:
    """Give the value's typed form where a reader of the config could take it for another; None where none could."""
    return encode_value(value) if _is_delicate(value) else None


def read_value(shown: Any, form: Any | None) -> ParamValue:
    """Give the true value of what a config shows."""
    if form is not None:
        value = decode_value(form)
        if same_json(show_value(value), shown):
            return value
    return cast("ParamValue", shown)


def same_json(left: Any, right: Any) -> bool:
    """Compare as a reader who knows one kind of number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    return type(left) is type(right) and bool(left == right)


def flatten(config: Mapping[str, Any], prefix: str = "") -> tuple[dict[str, ParamValue], list[str]]:
    """Give a foreign config as params, nested names joined by dots (P1), and the names that no param can have."""
    params: dict[str, ParamValue] = {}
    lost: list[str] = []
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value:
            inner, more = flatten(value, f"{name}.")
            params |= {one: held for one, held in inner.items() if one not in params}
            lost += more + [one for one in inner if one in params and params[one] is not inner[one]]
        elif _is_name(name) and name not in params and len(json.dumps(value)) <= _VALUE_CHARS:
            params[name] = value
        else:
            lost.append(name)
    return params, lost


_VALUE_CHARS: Final = 60_000


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _NAME_CHARS and name == name.strip() and name.isprintable()


def _is_beyond_json(value: Any) -> bool:
    match value:
        case bool() | None | str():
            return False
        case int():
            return abs(value) > _EXACT
        case float():
            return not math.isfinite(value)
        case list():
            return any(map(_is_beyond_json, value))
        case dict():
            return any(map(_is_beyond_json, value.values()))
    return False


def _is_delicate(value: Any) -> bool:
    match value:
        case float():
            return not math.isfinite(value) or value.is_integer()
        case list():
            return any(map(_is_delicate, value))
        case dict():
            return any(map(_is_delicate, value.values()))
    return _is_beyond_json(value)
