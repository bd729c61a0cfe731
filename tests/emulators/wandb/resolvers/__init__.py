"""What each field of the schema gives. A field without a resolver gives the row's column, or the object's entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from emulators.wandb.resolvers import artifacts, changes, projects, runs, versions

Resolver = Callable[..., Any]

RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    **projects.RESOLVERS,
    **runs.RESOLVERS,
    **artifacts.RESOLVERS,
    "Mutation": {**changes.RESOLVERS, **versions.RESOLVERS},
}

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake_case(name: str) -> str:
    """Write a field's name as Python and the tables do."""
    return _WORD.sub("_", name).lower()


def default(source: Any, info: Any, **arguments: Any) -> Any:
    """Give a field of a dict, which may be a function of the arguments, or a column of a row."""
    name = info.field_name
    if isinstance(source, dict):
        value = source.get(name)
        return value(info, **arguments) if callable(value) else value
    column = snake_case(name)
    return source[column] if column in source.keys() else None  # noqa: SIM118 - a Row iterates over its values
