"""A strict validator over botocore's shapes, for requests and for answers.

botocore itself checks types, required members and minimum lengths only; this adds unknown members, maximums, patterns
and enums, worded as AWS words them. Values are what JSON gives: a timestamp is a number of seconds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import regex

INT32, INT64 = 2**31, 2**63
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# What the dot of Java's regular expressions, in which the patterns are written, does not match.
_JAVA_DOT = r"[^\n\r\x85\u2028\u2029]"
_LONE_SURROGATE = regex.compile("[\ud800-\udfff]")
_TOKEN = regex.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\.")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the service model leaves open: see `switches.Switches`."""

    unknown_members: Literal["reject", "ignore"] = "reject"
    length_unit: Literal["scalars", "utf16"] = "scalars"
    dot_matches_newline: bool = False
    non_finite: Literal["reject", "accept"] = "accept"


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken constraint; `path` is AWS's, as in ``tags.1.member.key``."""

    path: str
    value: Any
    constraint: str

    def __str__(self) -> str:
        shown = "null" if self.value is None else f"'{_short(self.value)}'"
        return f"Value {shown} at '{self.path}' failed to satisfy constraint: {self.constraint}"


class WrongTypeError(Exception):
    """A value is of a JSON type that its shape cannot be read from: a SerializationException in AWS's words."""


def explain(problems: list[Problem]) -> str:
    """Say what is wrong as AWS says it."""
    count = len(problems)
    return f"{count} validation error{'s' * (count > 1)} detected: " + "; ".join(map(str, problems))


def check(shape: Any, value: Any, rules: Rules, path: str = "") -> Iterator[Problem]:
    """Yield what breaks the shape's constraints; raise WrongTypeError where the type does."""
    match shape.type_name:
        case "structure":
            yield from _structure(shape, value, rules, path)
        case "list":
            _expect(isinstance(value, list), value, "a list", path)
            yield from _size(shape, len(value), value, path)
            for index, item in enumerate(value, 1):
                yield from check(shape.member, item, rules, f"{path}.{index}.member")
        case "map":
            _expect(isinstance(value, dict), value, "a map", path)
            yield from _size(shape, len(value), value, path)
            for key, item in value.items():
                yield from check(shape.key, key, rules, f"{path}.key")
                _expect(item is not None, item, "a map's value", path)
                yield from check(shape.value, item, rules, f"{path}.{key}.member")
        case "string":
            yield from _string(shape, value, rules, path)
        case "boolean":
            _expect(isinstance(value, bool), value, "a Boolean", path)
        case _:
            yield from _number(shape, value, rules, path)


def _structure(shape: Any, value: Any, rules: Rules, path: str) -> Iterator[Problem]:
    _expect(isinstance(value, dict), value, "a structure", path)
    dot = f"{path}." if path else ""
    for name in shape.required_members:
        if value.get(name) is None:
            yield Problem(dot + _lower(name), None, "Member must not be null")
    for name, member in value.items():
        if name not in shape.members:
            if rules.unknown_members == "reject":
                yield Problem(dot + name, member, f"{shape.name} has no such member")
        elif member is not None:
            yield from check(shape.members[name], member, rules, dot + _lower(name))


def _string(shape: Any, value: Any, rules: Rules, path: str) -> Iterator[Problem]:
    _expect(isinstance(value, str) and not _LONE_SURROGATE.search(value), value, "a String", path)
    length = len(value) if rules.length_unit == "scalars" else len(value.encode("utf-16-le")) // 2
    yield from _size(shape, length, value, path)
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not _compiled(pattern, rules.dot_matches_newline).fullmatch(value):
        yield Problem(path, value, f"Member must satisfy regular expression pattern: {pattern}")
    if shape.enum and value not in shape.enum:
        yield Problem(path, value, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _number(shape: Any, value: Any, rules: Rules, path: str) -> Iterator[Problem]:
    kind = shape.type_name
    if kind in {"integer", "long"}:
        _expect(isinstance(value, int) and not isinstance(value, bool), value, "an Integer", path)
        bound = INT32 if kind == "integer" else INT64
        _expect(-bound <= value < bound, value, f"an Integer of {kind}'s range", path)
    elif kind in {"float", "double"}:
        value = NON_FINITE.get(value, value) if isinstance(value, str) else value
        _expect(isinstance(value, int | float) and not isinstance(value, bool), value, "a Double", path)
        _expect(math.isfinite(value) or rules.non_finite == "accept", value, "a finite Double", path)
    elif kind == "timestamp":
        sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        _expect(sound, value, "a Timestamp", path)
    else:
        raise NotImplementedError(f"{shape.name} is of type {kind}")
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield Problem(path, value, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield Problem(path, value, f"Member must have value less than or equal to {most}")


def _size(shape: Any, size: int, value: Any, path: str) -> Iterator[Problem]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield Problem(path, value, f"Member must have length greater than or equal to {least}")
    if most is not None and size > most:
        yield Problem(path, value, f"Member must have length less than or equal to {most}")


def _expect(sound: bool, value: Any, wanted: str, path: str) -> None:
    if not sound:
        raise WrongTypeError(f"{_short(value)} at '{path}' can not be converted to {wanted}")


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 200 else f"{text[:200]}…"


@cache
def _compiled(pattern: str, dot_matches_newline: bool) -> Any:
    """Compile a Java pattern; it has to match the whole value."""
    if not dot_matches_newline:
        pattern = _TOKEN.sub(lambda token: _JAVA_DOT if token[0] == "." else token[0], pattern)
    return regex.compile(pattern, regex.DOTALL | regex.V0)
