"""Filters: AIP-160, parsed by its own grammar (google.aip.dev/assets/misc/ebnf-filtering.txt).

What may be filtered by is each type's own list, which `Fields` states; all else is refused.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import lark

from emulators.vertex.errors import invalid
from emulators.vertex.switches import Switches

CITE = "google.aip.dev/160"
DEPTH = 5
_GRAMMAR = r"""
start: expression?
expression: sequence ("AND" sequence)*
sequence: factor+
factor: term ("OR" term)*
?term: negation | simple
negation: ("NOT" | "-") simple
?simple: restriction | "(" expression ")" -> group
restriction: comparable [COMPARATOR argument]
?comparable: member | function
member: value ("." value)*
function: NAME "(" [argument ("," argument)*] ")"
argument: (member | function | "(" expression ")") ("," member)*
value: TEXT | STRING | STAR
NAME.2: /[A-Za-z_][A-Za-z0-9_]*(?=\()/
COMPARATOR: "<=" | "<" | ">=" | ">" | "!=" | "=" | ":"
STRING: /"(\\.|[^"\\])*"/ | /'(\\.|[^'\\])*'/
STAR: "*"
TEXT: /(?!(AND|OR|NOT)\b)[^\s().,<>=:!"'*-][^\s().,<>=:!"'*]*(\.\d+)?|-?\d+(\.\d+)?([eE][+-]?\d+)?/
%import common.WS
%ignore WS
"""

Read = Callable[[Any], Any]
Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Fields:
    """What a list may be filtered by.

    `scalars` reads a field of an item (a string, number, bool, or nanoseconds for times, which `times` names; the
    names of an enum's values are strings); `has` makes the test of ``name: value``, `functions` that of
    ``name(argument)``; `equality` names the fields that know only ``=`` and ``!=``.
    """

    scalars: Mapping[str, Read]
    times: frozenset[str] = frozenset()
    equality: frozenset[str] = frozenset()
    has: Mapping[str, Callable[[str], Test]] = field(default_factory=dict)
    functions: Mapping[str, Callable[[str], Test]] = field(default_factory=dict)
    metadata: bool = False
    labels: bool = False
    negation: bool = True


@functools.cache
def _parser() -> lark.Lark:
    return lark.Lark(_GRAMMAR, parser="earley", lexer="dynamic", ambiguity="resolve")


@functools.lru_cache(maxsize=512)
def _parsed(text: str) -> lark.Tree[Any]:
    return _parser().parse(text)


def compiled(text: str, fields: Fields, switches: Switches) -> Test:
    """Give the test that a filter states; one that is malformed or unsupported is refused."""
    if not text.strip():
        return lambda _item: True
    try:
        tree = _parsed(text)
    except lark.exceptions.LarkError as error:
        raise invalid(f"Invalid filter {text!r}: {str(error).splitlines()[0]}", CITE) from None
    return _Compiler(text, fields, switches).expression(tree.children[0], 1)


@dataclass(frozen=True, slots=True)
class _Compiler:
    text: str
    fields: Fields
    switches: Switches

    def refuse(self, why: str) -> Exception:
        return invalid(f"Invalid filter {self.text!r}: {why}.", CITE)

    def expression(self, tree: Any, depth: int) -> Test:
        if depth > DEPTH:
            raise invalid(f"The filter is nested deeper than {DEPTH}.", "ListContextsRequest.filter")
        parts = [self.sequence(part, depth) for part in tree.children]
        return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)

    def sequence(self, tree: Any, depth: int) -> Test:
        if len(tree.children) > 1:
            raise self.refuse("terms must be joined by AND or OR")
        parts = [self.term(part, depth) for part in tree.children[0].children]
        return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)

    def term(self, tree: Any, depth: int) -> Test:
        if tree.data == "negation":
            if not self.fields.negation and self.switches.filter_not == "refuse":
                raise self.refuse("only AND and OR are supported")
            inner = self.term(tree.children[0], depth)
            return lambda item: not inner(item)
        if tree.data == "group":
            return self.expression(tree.children[0], depth + 1)
        comparable, comparator, argument = tree.children
        if comparable.data == "function":
            return self.function(comparable, comparator)
        path = [_text(value) for value in comparable.children]
        if comparator is None:
            raise self.refuse(f"{'.'.join(path)} is compared with nothing")
        return self.restriction(path, str(comparator), argument)

    def function(self, tree: Any, comparator: Any) -> Test:
        name, *arguments = tree.children
        known = self.fields.functions.get(str(name))
        if known is None or comparator is not None or len(arguments) != 1 or arguments[0] is None:
            raise self.refuse(f"{name}() is not supported here")
        return known(self.literals(arguments[0])[0])

    def literals(self, argument: Any) -> list[str]:
        found = []
        for member in argument.children:
            if member.data != "member":
                raise self.refuse("a value is expected")
            if any(
                isinstance(token, lark.Token) and token.type == "STAR"
                for value in member.children
                for token in value.children
            ):
                found.append("*")
                continue
            found.append(".".join(_text(value) for value in member.children))
        return found

    def restriction(self, path: list[str], comparator: str, argument: Any) -> Test:
        values = self.literals(argument)
        name = path[0]
        quoted = argument.children[0].children[0].children[0].type == "STRING"
        if comparator == ":" and name in self.fields.has and len(path) == 1:
            tests = [self.fields.has[name](value) for value in values]
            return lambda item: all(test(item) for test in tests)
        if len(values) != 1:
            raise self.refuse("one value is expected")
        (value,) = values
        if name == "labels" and (self.fields.labels or self.switches.context_label_filters == "accept"):
            return self.label(path[1:], comparator, value)
        if name == "metadata" and self.fields.metadata:
            return self.metadata(path[1:], comparator, value)
        name = _snake(name)
        if len(path) != 1 or name not in self.fields.scalars:
            raise self.refuse(f"{'.'.join(path)} cannot be filtered by")
        if comparator == ":" or (name in self.fields.equality and comparator not in {"=", "!="}):
            raise self.refuse(f"{name} does not support {comparator}")
        read = self.fields.scalars[name]
        if name in self.fields.times:
            wanted = self.nanoseconds(value)
            return lambda item: _compare(read(item), comparator, wanted)
        return self.scalar(read, comparator, value, quoted)

    def scalar(self, read: Read, comparator: str, value: str, quoted: bool) -> Test:
        if quoted and "*" in value and self.switches.filter_wildcards != "literal":
            if self.switches.filter_wildcards == "refuse":
                raise self.refuse("wildcards are not supported")
            pattern = re.compile(".*".join(re.escape(part) for part in value.split("*")), re.DOTALL)
            return lambda item: bool(pattern.fullmatch(str(read(item)))) is (comparator == "=")

        def test(item: Any) -> bool:
            found = read(item)
            if isinstance(found, bool):
                return _compare(found, comparator, self.boolean(value))
            if isinstance(found, (int, float)):
                return _compare(found, comparator, self.number(value))
            return _compare(found, comparator, value)

        return test

    def label(self, path: list[str], comparator: str, value: str) -> Test:
        if comparator == ":" and not path:
            return lambda item: value in item.labels
        if len(path) != 1 or comparator not in {"=", "!=", ":"}:
            raise self.refuse("labels support key=value and key:*")
        key = path[0]
        if comparator == ":":
            if value != "*":
                raise self.refuse("labels support key=value and key:*")
            return lambda item: key in item.labels
        return lambda item: (key in item.labels and item.labels[key] == value) is (comparator == "=")

    def metadata(self, path: list[str], comparator: str, value: str) -> Test:
        *keys, kind = path or [""]
        if kind not in {"number_value", "string_value", "bool_value"} or not keys or comparator == ":":
            raise self.refuse("metadata is filtered by metadata.<field>.<type_value>")
        if len(keys) > 1 and self.switches.deep_metadata_filters == "refuse":
            raise self.refuse("metadata is filtered by one level of fields")
        wanted: Any = value
        if kind == "number_value":
            wanted = self.number(value)
        elif kind == "bool_value":
            wanted = self.boolean(value)

        def test(item: Any) -> bool:
            node = item.metadata
            for key in keys[:-1]:
                node = node.fields[key].struct_value if key in node.fields else None
                if node is None:
                    return False
            if keys[-1] not in node.fields or node.fields[keys[-1]].WhichOneof("kind") != kind:
                return False
            return _compare(getattr(node.fields[keys[-1]], kind), comparator, wanted)

        return test

    def nanoseconds(self, value: str) -> int:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", value):
            raise self.refuse(f"{value!r} is not an RFC 3339 time")
        whole, _, rest = value.upper().partition(".")
        digits = re.match(r"\d*", rest).group()
        zone = rest[len(digits) :] if rest else ""
        moment = dt.datetime.fromisoformat(whole + zone)
        return int(moment.timestamp()) * 10**9 + int(digits.ljust(9, "0") or 0)

    def number(self, value: str) -> float:
        try:
            return float(value)
        except ValueError:
            raise self.refuse(f"{value!r} is not a number") from None

    def boolean(self, value: str) -> bool:
        if value not in {"true", "false"}:
            raise self.refuse(f"{value!r} is neither true nor false")
        return value == "true"


def _compare(found: Any, comparator: str, wanted: Any) -> bool:
    match comparator:
        case "=":
            return bool(found == wanted)
        case "!=":
            return bool(found != wanted)
        case "<":
            return bool(found < wanted)
        case "<=":
            return bool(found <= wanted)
        case ">":
            return bool(found > wanted)
        case _:
            return bool(found >= wanted)


def _text(value: Any) -> str:
    token = value.children[0]
    if token.type != "STRING":
        return str(token)
    return re.sub(r"\\(.)", r"\1", str(token)[1:-1])


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", name)


def nanoseconds(moment: Any) -> int:
    """Give a Timestamp in nanoseconds."""
    return moment.seconds * 10**9 + moment.nanos
