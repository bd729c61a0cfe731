"""The parser, made of the grammar on first use: its library takes time to load."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken
from lark.visitors import v_args

from trackbridge.query.complaints import Fault, expected_words, pictured
from trackbridge.query.tokens import is_time, read_field, read_operator, read_pattern, read_value
from trackbridge.query.tree import And, Compare, Expression, Field, In, IsNull, Literal_, Not, Operator, Or, OrderKey
from trackbridge.records.names import shown

__all__ = ["MAX_DEPTH", "read_order_key", "read_query"]

MAX_DEPTH: Final = 100  # levels of a tree: what walks it calls itself


class _Node(NamedTuple):
    """A tree with how deep it is, and where in the text it begins."""

    expression: Expression
    depth: int
    position: int


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Builds the tree while the parser goes along, so that no deep nesting is ever walked."""

    def query(self, node: _Node) -> Expression:
        return node.expression

    def any_of(self, *nodes: _Node) -> _Node:
        return _over(Or(tuple(node.expression for node in nodes)), *nodes)

    def all_of(self, *nodes: _Node) -> _Node:
        return _over(And(tuple(node.expression for node in nodes)), *nodes)

    def opposite(self, node: _Node) -> _Node:
        return _over(Not(node.expression), node)

    def compare(self, name: Token, operator: Token, value: Token) -> _Node:
        field = read_field(name)
        return _leaf(name, Compare(field, read_operator(operator), read_value(value, field)))

    def like(self, name: Token, operator: Token, value: Token) -> _Node:
        field = read_field(name)
        if is_time(field):
            raise _fault(operator, f"{name} is a time, not a text", "Compare it with <, <=, > or >=.")
        spelled: Operator = "ilike" if operator.lower() == "ilike" else "like"
        return _leaf(name, Compare(field, spelled, read_pattern(value)))

    def is_in(self, name: Token, *values: Token) -> _Node:
        field = read_field(name)
        return _leaf(name, In(field, tuple(read_value(value, field) for value in values)))

    def not_in(self, name: Token, *values: Token) -> _Node:
        field = read_field(name)
        literals = tuple(read_value(value, field) for value in values)
        for token, literal in zip(values, literals, strict=True):
            if _kind(literal) is not _kind(literals[0]):
                raise _fault(
                    token,
                    "a 'not in' over values of several types is never true",
                    "Join a 'not in' for each type by 'or'.",
                    clause="S3",
                )
        return _leaf(name, In(field, literals, negated=True))

    def is_null(self, name: Token) -> _Node:
        return _leaf(name, IsNull(read_field(name)))

    def not_null(self, name: Token) -> _Node:
        return _leaf(name, IsNull(read_field(name), negated=True))

    def order(self, name: Token, direction: Token | None = None) -> OrderKey:
        field: Field = read_field(name)
        if field.family == "datasets":
            raise _fault(name, "a run has many datasets: no order", "Order by another field.", clause="S4")
        return OrderKey(field, descending=direction is not None and direction.lower() == "desc")


def _leaf(name: Token, expression: Expression) -> _Node:
    return _Node(expression, 1, name.start_pos or 0)


def _over(expression: Expression, *nodes: _Node) -> _Node:
    depth = 1 + max(node.depth for node in nodes)
    position = nodes[0].position
    if depth > MAX_DEPTH:
        raise Fault(
            f"what stands around this nests deeper than {MAX_DEPTH} levels",
            position,
            remedy="Write it flatter: 'and', 'or' and 'in' take any number of parts.",
        )
    return _Node(expression, depth, position)


def _kind(value: Literal_) -> type:
    return float if type(value) is int else type(value)


def _fault(token: Token, problem: str, remedy: str, *, clause: str = "S2") -> Fault:
    return Fault(problem, token.start_pos or 0, len(token), clause=clause, remedy=remedy)


def read_query(text: str) -> Expression:
    """Parse a whole query; raise `Rejected` with the position of what is wrong."""
    expression: Expression = _run(text, "query")
    return expression


def read_order_key(text: str) -> OrderKey:
    """Parse one key of an order; raise `Rejected` with the position of what is wrong."""
    key: OrderKey = _run(text, "order")
    return key


def _run(text: str, start: str) -> Any:
    try:
        return _parser().parse(text, start)
    except UnexpectedInput as error:
        raise pictured(text, _unexpected(text, error)) from None
    except Fault as fault:
        raise pictured(text, fault) from None


@cache
def _parser() -> Lark:
    assert __package__ is not None
    return Lark.open_from_package(
        __package__, "grammar.lark", start=["query", "order"], parser="lalr", transformer=_Builder()
    )


def _unexpected(text: str, error: UnexpectedInput) -> Fault:
    """Explain what the parser stopped at."""
    state: Any = error.interactive_parser  # untyped in lark, and so are positions
    accepted: set[str] = state.accepts()
    position: Any = error.pos_in_stream
    token = error.token if isinstance(error, UnexpectedToken) else Token("", text[position], position)
    try:
        if "OPERATOR" in accepted:
            read_field(state.parser_state.value_stack[-1])  # where this has a fault, it comes first
        elif token.type == "OPERATOR":
            read_operator(token)  # `&&` and its like are right in other languages
    except Fault as fault:
        return fault
    expected = expected_words(accepted)
    if token.type == "$END":
        return Fault(f"expected {expected}, found the end", len(text.rstrip()))
    remedy = None
    if "STRING" in accepted and token.type == "_NULL":
        remedy = "Write 'is null' or 'is not null'."
    elif "STRING" in accepted and token.type == "FIELD":
        remedy = f"Put text in quotes: '{token}'."
    return Fault(f"expected {expected}, found {shown(str(token))}", position, len(token), remedy=remedy)
