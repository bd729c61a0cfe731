"""What a backend may be asked to filter by: a weaker query in the terms it can be trusted with (S4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from trackbridge.query.tree import And, Compare, Expression, In, IsNull, Not, Or

__all__ = ["Comparison", "narrowing"]

Comparison: TypeAlias = Compare | In | IsNull


def narrowing(expression: Expression, allowed: Callable[[Comparison], bool]) -> Expression | None:
    """Give an expression made of allowed comparisons only that every run matching `expression` matches too.

    Args:
        expression: What is searched for.
        allowed: Whether the backend evaluates a comparison exactly as S3 has it, over a field that no sidecar holds.

    Returns:
        The weaker expression, or None where nothing can be said and all runs must be fetched.
    """
    return _bound(expression, allowed, weaker=True)


def _bound(expression: Expression, allowed: Callable[[Comparison], bool], *, weaker: bool) -> Expression | None:
    """Bound `expression` from above (`weaker`) or from below; None is the bound that says nothing."""
    if isinstance(expression, Not):
        inner = _bound(expression.part, allowed, weaker=not weaker)
        return None if inner is None else Not(inner)
    if not isinstance(expression, And | Or):
        return expression if allowed(expression) else None
    bounds = [_bound(part, allowed, weaker=weaker) for part in expression.parts]
    known = tuple(bound for bound in bounds if bound is not None)
    may_drop = isinstance(expression, And) if weaker else isinstance(expression, Or)
    if not known or (len(known) < len(bounds) and not may_drop):
        return None
    return known[0] if len(known) == 1 else type(expression)(known)
