"""How a check says what it expects: plain functions that hold under ``python -O`` and need no pytest.

Equality is canonical (P2): ``True``, ``1``, ``1.0`` and ``"1"`` all differ, NaN equals NaN, −0.0 differs from 0.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from trackbridge.errors import TrackbridgeError, Unsupported
from trackbridge.records.values import float_hex

__all__ = ["Caught", "contains", "holds", "raises", "same"]

_SHOWN_CHARS = 400


@dataclass(slots=True)
class Caught:
    """The error that a `raises` block met, once it has left."""

    error: TrackbridgeError | None = None

    def __str__(self) -> str:
        return str(self.error)


def same(actual: object, expected: object, what: str) -> None:
    """Fail unless the two are canonically equal; lists and tuples are alike."""
    left, right = _form(actual), _form(expected)
    if left != right:
        raise AssertionError(f"{what}: {_difference(left, right) or 'they differ'}")


def holds(condition: object, what: str) -> None:
    """Fail unless `condition` is true; `what` says what should have been so."""
    if not condition:
        raise AssertionError(f"it does not hold that {what}")


def contains(text: object, part: str, what: str) -> None:
    """Fail unless `part` stands in `text`."""
    if part not in str(text):
        raise AssertionError(f"{what}: {_cut(part)} does not stand in {_cut(text)}")


@contextmanager
def raises(*errors: type[TrackbridgeError], what: str = "it") -> Iterator[Caught]:
    """Fail unless the block raises one of `errors`; what a capability refuses passes through."""
    caught = Caught()
    names = " or ".join(error.__name__ for error in errors)
    try:
        yield caught
    except errors as error:
        caught.error = error
    except Unsupported:
        raise
    except Exception as error:
        raise AssertionError(f"{what} raised {type(error).__name__} ({_cut(error)}) instead of {names}") from error
    else:
        raise AssertionError(f"{what} raised nothing instead of {names}")


def _form(value: Any) -> Any:
    """Turn a value into one that plain ``==`` compares canonically."""
    if isinstance(value, float):
        return "float", float_hex(value)
    if isinstance(value, Mapping):
        return "dict", {_key(key): _form(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return "list", [_form(item) for item in value]
    if isinstance(value, set | frozenset):
        return "set", {_key(item) for item in value}
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, {
            field.name: _form(getattr(value, field.name)) for field in fields(value) if field.compare
        }
    return type(value).__name__, value


def _key(key: Any) -> Any:
    return key if isinstance(key, str) else (type(key).__name__, key)


def _difference(left: Any, right: Any, where: str = "") -> str:
    """Name the first place where two forms differ, so that a person need not compare two long texts."""
    if left == right:
        return ""
    here = f" at {where}" if where else ""
    inner = ""
    if left[0] == right[0] and isinstance(left[1], dict):
        inner = _in_mapping(left[1], right[1], where)
    elif left[0] == right[0] == "list":
        inner = _in_list(left[1], right[1], where)
    return inner or f"got {_plain(left)}{here}, expected {_plain(right)}"


def _in_mapping(left: dict[Any, Any], right: dict[Any, Any], where: str) -> str:
    here = f" at {where}" if where else ""
    for key in sorted(left.keys() | right.keys(), key=str):
        if key not in left:
            return f"{_cut(repr(key))} is missing{here}"
        if key not in right:
            return f"{_cut(repr(key))} should not be there{here}"
        if found := _difference(left[key], right[key], f"{where}[{_cut(key)}]"):
            return found
    return ""


def _in_list(left: list[Any], right: list[Any], where: str) -> str:
    for n, (one, other) in enumerate(zip(left, right, strict=False)):
        if found := _difference(one, other, f"{where}[{n}]"):
            return found
    here = f" at {where}" if where else ""
    return f"got {len(left)} items{here}, expected {len(right)}: {_plain(('list', left))}"


def _plain(form: Any) -> str:
    kind, value = form
    if kind == "float":
        return f"float 0x{value} ({_float(value)!r})"
    if kind == "list":
        return _cut(f"[{', '.join(_plain(item) for item in value[:8])}{', …' if len(value) > 8 else ''}]")
    return f"{kind} {_cut(repr(value))}"


def _float(digits: str) -> float:
    import struct

    number: float = struct.unpack(">d", bytes.fromhex(digits))[0]
    return number


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS // 2]} … {text[-_SHOWN_CHARS // 2 :]}"
