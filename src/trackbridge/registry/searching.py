"""Searches over models, in the language of searches over runs (S1–S3)."""

from __future__ import annotations

from collections.abc import Callable

from trackbridge.errors import Rejected
from trackbridge.query import field_text, matcher, parse
from trackbridge.query.fields import fields_of
from trackbridge.records.models import ModelRecord
from trackbridge.records.runs import RunRecord

__all__ = ["model_matcher"]


def model_matcher(where: str) -> Callable[[ModelRecord], bool]:
    """Compile a search over ``name`` and ``tags.*`` to a predicate.

    Raises:
        Rejected: it cannot be read, or speaks of another field.
    """
    expression = parse(where)
    for field in fields_of(expression):
        if field.family != "tags" and (field.family, field.name) != ("run", "name"):
            raise Rejected(
                f"models have no {field_text(field)}", clause="S1", remedy="A search over models knows name and tags.*."
            )
    fits = matcher(expression)
    return lambda model: fits(_as_run(model))


def _as_run(model: ModelRecord) -> RunRecord:
    """Lend a model the shape that a matcher reads; no other field of it is ever asked for."""
    return RunRecord("", model.name, "", "FINISHED", 0, tags=model.tags)
