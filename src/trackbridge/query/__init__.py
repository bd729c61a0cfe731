"""The language of searches: a tree, its grammar, and its evaluation in the core (S1–S5)."""

from trackbridge.query.evaluation import matcher, matches, value_test
from trackbridge.query.narrowing import Comparison, narrowing
from trackbridge.query.ordering import DEFAULT_ORDER, order_key, total_order
from trackbridge.query.parsing import parse, parse_order
from trackbridge.query.text import field_text, to_text
from trackbridge.query.tree import And, Compare, Expression, Field, In, IsNull, Not, Or, OrderKey

__all__ = [
    "DEFAULT_ORDER",
    "And",
    "Compare",
    "Comparison",
    "Expression",
    "Field",
    "In",
    "IsNull",
    "Not",
    "Or",
    "OrderKey",
    "field_text",
    "matcher",
    "matches",
    "narrowing",
    "order_key",
    "parse",
    "parse_order",
    "to_text",
    "total_order",
    "value_test",
]
