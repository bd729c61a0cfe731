"""Param values: what is accepted, its canonical typed form, and the way back (P2)."""

from __future__ import annotations

import json
import operator
import struct
from collections.abc import Mapping
from typing import Any, TypeAlias

from trackbridge.errors import IntegrityError, Rejected
from trackbridge.records.names import check_name, shown

__all__ = [
    "ParamValue",
    "as_index",
    "canonical_json",
    "check_param",
    "decode_value",
    "encode_value",
    "flatten",
    "float_hex",
    "same_value",
    "scalar_item",
]

ParamValue: TypeAlias = None | bool | int | float | str | list[Any] | dict[str, Any]

MAX_PARAM_BYTES = 64 * 1024
MAX_INT_DIGITS = 4_300  # the limit CPython itself sets on int <-> str
_INT_BOUND = 10**MAX_INT_DIGITS
MAX_DEPTH = 64
NAN_HEX = "7ff8000000000000"

_DOUBLE = struct.Struct(">d")
_SCALARS = (bool, int, float, str, type(None))


def canonical_json(value: Any) -> str:
    """Give the one JSON text of `value`: keys by code point, no spaces, no escapes beyond what JSON demands."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def flatten(params: Mapping[Any, Any]) -> dict[str, ParamValue]:
    """Flatten nested dicts with dots and check every name and value (P1, P2).

    An empty dict is kept as a value. Two ways to one name are an error, not an overwrite.

    Raises:
        Rejected: a name or a value that can never be a param.
    """
    flat: dict[str, ParamValue] = {}

    def walk(prefix: str, mapping: Mapping[Any, Any], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Rejected(f"params nest deeper than {MAX_DEPTH} levels at {shown(prefix)}", clause="P2")
        for key, value in mapping.items():
            name = f"{prefix}.{check_name(key, 'param')}" if prefix else check_name(key, "param")
            if isinstance(value, Mapping) and value:
                walk(name, value, depth + 1)
                continue
            check_name(name, "param")
            if name in flat:
                raise Rejected(
                    f"two params flatten to the name {shown(name)}", clause="P1", remedy="Rename one of them."
                )
            flat[name] = check_param(value, name)

    walk("", params, 1)
    return flat


def check_param(value: object, name: str) -> ParamValue:
    """Return `value` as a plain Python value that can be a param (P2), else raise `Rejected`."""
    plain = _Reader(name).read(value, 0)
    size = len(canonical_json(encode_value(plain)).encode())
    if size > MAX_PARAM_BYTES:
        raise _too_long(name, f"{size} bytes")
    return plain


def _too_long(name: str, size: str) -> Rejected:
    return Rejected(
        f"param {shown(name)} has {size}; at most {MAX_PARAM_BYTES} bytes are kept",
        clause="P2",
        remedy="Log it as an artifact, with log_dict or log_text.",
    )


class _Reader:
    """Reads one param's value, and stops early at what is too deep or too long: a list may hold itself, or be huge."""

    __slots__ = ("_items", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._items = 0

    def read(self, value: object, depth: int) -> ParamValue:
        if depth > MAX_DEPTH:
            raise Rejected(f"param {shown(self._name)} nests deeper than {MAX_DEPTH} levels", clause="P2")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self._int(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, str):
            return self._str(value)
        if isinstance(value, list | tuple):
            self._count(len(value))
            return [self.read(item, depth + 1) for item in value]
        if isinstance(value, Mapping):
            self._count(len(value))
            return {self._key(key): self.read(item, depth + 1) for key, item in value.items()}
        scalar = scalar_item(value)
        if scalar is not value:
            return self.read(scalar, depth + 1)
        raise Rejected(
            f"param {shown(self._name)} has a value of type {type(value).__name__}: {shown(value)}",
            clause="P2",
            remedy="Use None, bool, int, float, str, or lists of these; str() keeps its text.",
        )

    def _count(self, items: int) -> None:
        self._items += items
        if self._items > MAX_PARAM_BYTES:  # every item takes a byte and more
            raise _too_long(self._name, f"more than {MAX_PARAM_BYTES} items")

    def _int(self, value: int) -> int:
        plain = int(value)
        if abs(plain) >= _INT_BOUND:
            raise Rejected(f"param {shown(self._name)} is an int of more than {MAX_INT_DIGITS} digits", clause="P2")
        return plain

    def _key(self, key: object) -> str:
        if not isinstance(key, str):
            raise Rejected(
                f"param {shown(self._name)} has a dict with the key {shown(key)}",
                clause="P2",
                remedy="Use strings as keys.",
            )
        return self._str(key)

    def _str(self, value: str) -> str:
        value = str.__str__(value)
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Rejected(
                f"param {shown(self._name)} has a lone surrogate at position {error.start}", clause="P2"
            ) from None
        return value


def scalar_item(value: object) -> object:
    """Unwrap a numpy, torch or similar scalar through its `item()`; anything else is returned as it is."""
    item = getattr(value, "item", None)
    if not callable(item) or getattr(value, "shape", None) != ():
        return value
    scalar = item()
    return scalar if isinstance(scalar, _SCALARS) else value


def as_index(value: Any) -> int | None:
    """Give an int of any make, numpy's and torch's too, as a plain int; None for all else, bools among it."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def float_hex(value: float) -> str:
    """Give the 16 hex digits of the IEEE form of `value`, big-endian; every NaN is one NaN (C1)."""
    return NAN_HEX if value != value else _DOUBLE.pack(value).hex()  # noqa: PLR0124 - true of NaN alone


def encode_value(value: ParamValue) -> list[Any]:
    """Give the canonical typed pair of a plain value, ready for JSON: ``["int", "42"]`` (C1)."""
    if value is None:
        return ["none", None]
    if isinstance(value, bool):
        return ["bool", value]
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", float_hex(value)]
    if isinstance(value, str):
        return ["str", value]
    if isinstance(value, list):
        return ["list", [encode_value(item) for item in value]]
    return ["dict", {key: encode_value(item) for key, item in value.items()}]


def decode_value(pair: Any) -> ParamValue:
    """Give back the plain value of a typed pair; raise `IntegrityError` where it is none, or not in its one form."""
    match pair:
        case ["none", None]:
            return None
        case ["bool", bool(value)]:
            return value
        case ["int" | "float", str(text)]:
            return _decoded_number(pair, text)
        case ["str", str(text)]:
            return text
        case ["list", list(items)]:
            return [decode_value(item) for item in items]
        case ["dict", dict(items)]:
            return {str(key): decode_value(item) for key, item in items.items()}
    raise IntegrityError(f"{shown(pair)} is not a typed value", clause="C1")


def _decoded_number(pair: list[str], text: str) -> int | float:
    try:
        number: int | float = int(text) if pair[0] == "int" else _DOUBLE.unpack(bytes.fromhex(text))[0]
    except (ValueError, struct.error):
        number = 0
    if encode_value(number) != pair:
        raise IntegrityError(f"{shown(pair)} is not a typed value", clause="C1")
    return number


def same_value(left: ParamValue, right: ParamValue) -> bool:
    """Tell whether two values are equal canonically: ``True``, ``1``, ``1.0`` and ``"1"`` all differ (P2)."""
    if type(left) is not type(right):
        return False
    return encode_value(left) == encode_value(right)
