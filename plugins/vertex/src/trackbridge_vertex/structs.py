"""Plain Python in ``google.protobuf.Struct`` and back; only what differs is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

__all__ = ["Plain", "fill", "plain_struct", "put"]

Plain: TypeAlias = Any  # str, float, bool, None, or dict and list of them


def plain_struct(struct: Any) -> dict[str, Plain]:
    """Give a Struct as a dict; numbers are floats, as JSON has no others."""
    return {key: _plain(value) for key, value in struct.fields.items()}


def fill(struct: Any, wanted: Mapping[str, Plain]) -> bool:
    """Make a Struct hold `wanted` and nothing else; tell whether that changed it."""
    changed = False
    for key in [key for key in struct.fields if key not in wanted]:
        del struct.fields[key]
        changed = True
    for key, value in wanted.items():
        changed |= put(struct, key, value)
    return changed


def put(struct: Any, key: str, value: Plain) -> bool:
    """Set one field of a Struct; tell whether that changed it."""
    there = key in struct.fields
    field = struct.fields[key]
    if isinstance(value, Mapping):
        fresh = not there or field.WhichOneof("kind") != "struct_value"
        field.struct_value.SetInParent()
        return fill(field.struct_value, value) or fresh
    if there and _same(_plain(field), value):
        return False
    match value:
        case None:
            field.null_value = 0
        case bool():
            field.bool_value = value
        case int() | float():
            field.number_value = value
        case str():
            field.string_value = value
        case _:
            field.list_value.SetInParent()
            del field.list_value.values[:]
            field.list_value.extend(value)
    return True


def _plain(value: Any) -> Plain:
    match value.WhichOneof("kind"):
        case "string_value":
            return str(value.string_value)
        case "number_value":
            return float(value.number_value)
        case "bool_value":
            return bool(value.bool_value)
        case "struct_value":
            return plain_struct(value.struct_value)
        case "list_value":
            return [_plain(item) for item in value.list_value.values]
    return None


def _same(before: Plain, value: Plain) -> bool:
    return type(before) is type(value) and bool(before == value)
