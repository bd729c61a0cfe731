"""What a token of a query means: fields, numbers, texts and times, each fault explained where it stands (S1–S3)."""

from __future__ import annotations

import difflib
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Final, cast, get_args

from lark import Token

from trackbridge.query.complaints import Fault
from trackbridge.query.text import field_text
from trackbridge.query.tree import Family, Field, Literal_, Operator
from trackbridge.records.datasets import DatasetRecord

__all__ = ["is_time", "read_field", "read_operator", "read_pattern", "read_string", "read_time", "read_value"]

_RUN_FIELDS: Final = ("id", "name", "status", "experiment", "parent", "started", "ended")
_FAMILIES: Final = ("params", "metrics", "tags", "datasets")
_SUMMARIES: Final = ("last", "min", "max", "count")
_DATASET_PARTS: Final = tuple(field.name for field in fields(DatasetRecord))
_OPERATORS: Final = tuple(operator for operator in get_args(Operator) if not operator.isalpha())
_OTHER_SPELLINGS: Final = {
    "==": "=", "<>": "!=", "!": "not", "=<": "<=", "=>": ">=", "&&": "and", "&": "and", "||": "or", "|": "or",
}  # fmt: skip

_SEGMENT: Final = re.compile(r"`(?P<quoted>(?:[^`]|``)*)(?P<closed>`?)|(?P<plain>[^.`]*)")
_CLOSED: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_INT: Final = re.compile(r"[+-]?[0-9]+")
_FLOAT: Final = re.compile(r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?)", re.IGNORECASE)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_field(token: Token) -> Field:
    """Read a field's name (S1)."""
    segments = _segments(token)
    (first, _), rest = segments[0], segments[1:]
    if first in _RUN_FIELDS:
        if rest:
            raise _at(token, f"the field {first} has no parts", clause="S1", remedy=f"Write {first}.")
        return Field("run", first)
    if first not in _FAMILIES:
        raise _no_field(token, first, alone=not rest)
    if not rest or not all(name for name, _ in rest):
        example = "datasets.digest" if first == "datasets" else f"{first}.x, or {first}.`x.y`"
        raise _at(token, f"a name is missing after {first}.", clause="S1", remedy=f"Write {example}.")
    if first == "datasets":
        return _dataset_field(token, rest)
    return _named_field(token, cast("Family", first), rest)


def _segments(token: Token) -> list[tuple[str, bool]]:
    """Cut ``a.`b.c`.d`` at its dots; each segment with whether it was quoted."""
    segments, position = [], 0
    while True:
        match = _SEGMENT.match(token, position)
        assert match is not None  # both arms may be empty
        if (quoted := match["quoted"]) is not None:
            if not match["closed"]:
                raise _at(
                    token, "the backquote is never closed", clause="S1", remedy="Close it; one within is doubled."
                )
            segments.append((quoted.replace("``", "`"), True))
        else:
            segments.append((match["plain"], False))
        if match.end() == len(token):
            return segments
        position = match.end() + 1  # over the dot: the grammar lets nothing else follow


def _named_field(token: Token, family: Family, rest: list[tuple[str, bool]]) -> Field:
    part = "last" if family == "metrics" else ""
    last, quoted = rest[-1]
    if family == "metrics" and len(rest) > 1 and not quoted and last in _SUMMARIES:
        part, rest = last, rest[:-1]
    field = Field(family, ".".join(segment for segment, _ in rest), part)
    if len(rest) > 1:
        raise _at(token, "a name with dots needs backquotes", clause="S1", remedy=f"Write {field_text(field)}.")
    if not rest[0][1] and not re.fullmatch(r"\w+", field.name):
        raise _at(
            token,
            "a name with other characters than letters, digits and _ needs backquotes",
            clause="S1",
            remedy=f"Write {field_text(field)}.",
        )
    return field


def _dataset_field(token: Token, rest: list[tuple[str, bool]]) -> Field:
    name = ".".join(segment for segment, _ in rest)
    if name in _DATASET_PARTS:
        return Field("datasets", "", name)
    remedy = f"{_close(name, _DATASET_PARTS)}A dataset has {', '.join(_DATASET_PARTS)}."
    raise _at(token, f"a dataset has no {name!r}", clause="S1", remedy=remedy)


def _no_field(token: Token, first: str, *, alone: bool) -> Fault:
    remedy = _close(first, (*_FAMILIES, *_RUN_FIELDS))
    if not remedy and alone:
        remedy = f"Write metrics.{first}, params.{first} or tags.{first}. "
    known = ", ".join((*(f"{family}.*" for family in _FAMILIES), *_RUN_FIELDS))
    return _at(token, f"there is no field {first!r}", clause="S1", remedy=f"{remedy}Fields are {known}.")


def _close(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return f"Did you mean {near[0]}? " if near else ""


def is_time(field: Field) -> bool:
    """Tell whether a field holds milliseconds."""
    return field.family == "run" and field.name in {"started", "ended"}


def read_operator(token: Token) -> Operator:
    """Read a comparison's operator (S2)."""
    if token in _OPERATORS:
        return cast("Operator", str(token))
    right = _OTHER_SPELLINGS.get(token, f"one of {' '.join(_OPERATORS)}")
    raise _at(token, f"there is no operator {str(token)!r}", remedy=f"Write {right}.")


def read_value(token: Token, field: Field) -> Literal_:
    """Read the literal that `field` is compared with (S2); a time becomes milliseconds."""
    if is_time(field):
        return read_time(token)
    if token.type == "TRUTH":
        return token.lower() == "true"
    if token.type == "STRING":
        return read_string(token)
    if (number := _number(token)) is None:
        raise _at(token, f"{str(token)!r} is no number", remedy=f"Put text in quotes: '{token}'.")
    return number


def read_string(token: Token) -> str:
    """Read a quoted text: a quote within is doubled, a backslash is itself."""
    quote = token[0]
    if not _CLOSED.fullmatch(token):
        raise _at(token, f"the quote {quote} is never closed", remedy="Close it; a quote within is doubled.")
    return token[1:-1].replace(quote * 2, quote)


def read_pattern(token: Token) -> str:
    """Read a pattern: ``%`` any text, ``_`` one character, a backslash takes the next as itself (S3)."""
    pattern = read_string(token)
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise _at(
            token, "the pattern ends with a single backslash", clause="S3", remedy=r"Write \\ for a backslash itself."
        )
    return pattern


def read_time(token: Token) -> int | float:
    """Read int milliseconds or an ISO time, UTC where it names no zone (S2), as milliseconds since 1970.

    A time finer than a millisecond gives a float between two of them.
    """
    if token.type == "NUMBER" and (number := _number(token)) is not None:
        return number
    written = read_string(token) if token.type == "STRING" else str(token)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise _at(
            token,
            f"{written!r} is no time",
            remedy="Write an ISO time such as '2024-05-01' or '2024-05-01T12:30:00+02:00', or int milliseconds.",
        ) from None
    since = (moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)) - _EPOCH
    whole, rest = divmod(since, timedelta(milliseconds=1))
    return whole + rest.microseconds / 1000 if rest else whole


def _number(token: Token) -> int | float | None:
    if _INT.fullmatch(token):
        try:
            return int(token)
        except ValueError:  # more digits than CPython converts, and than a param may have
            raise _at(token, f"the number has {len(token)} digits", clause="P2") from None
    if _FLOAT.fullmatch(token):
        return float(token)
    if token.lower().lstrip("+-") == "nan":
        raise _at(
            token,
            "a comparison with NaN is never true",
            clause="S3",
            remedy="Find NaN by: metrics.x is not null and not metrics.x <= inf.",
        )
    return None


def _at(token: Token, problem: str, *, clause: str = "S2", remedy: str | None = None) -> Fault:
    return Fault(problem, token.start_pos or 0, len(token), clause=clause, remedy=remedy)
