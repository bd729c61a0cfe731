"""The language of searches: a tree, its grammar, and its evaluation in the core (S1–S5)."""

from trackbridge.query.tree import And, Compare, Expression, Field, In, IsNull, Not, Or, OrderKey

__all__ = ["And", "Compare", "Expression", "Field", "In", "IsNull", "Not", "Or", "OrderKey"]
