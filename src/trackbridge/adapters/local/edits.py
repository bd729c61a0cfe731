"""Edits that experiments, models and versions have in common: a description and tags."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Literal

__all__ = ["edit", "read_tags"]

_Owner = Literal["experiment", "model", "version"]


def edit(
    connection: sqlite3.Connection, owner: _Owner, key: int, description: str | None, tags: Mapping[str, str | None]
) -> None:
    """Set the description unless None, and the tags given; a tag of None is deleted.

    Args:
        connection: A connection in a write transaction.
        owner: Whose: the name of the key column, of the table without its s, of the tags' table without ``_tags``.
        key: The row.
        description: The description, or None to leave it.
        tags: Names and values.
    """
    if description is not None:
        connection.execute(f"UPDATE {owner}s SET description = ? WHERE {owner} = ?", (description, key))
    for name, value in tags.items():
        if value is None:
            connection.execute(f"DELETE FROM {owner}_tags WHERE {owner} = ? AND name = ?", (key, name))
        else:
            connection.execute(f"INSERT OR REPLACE INTO {owner}_tags VALUES (?, ?, ?)", (key, name, value))


def read_tags(connection: sqlite3.Connection, owner: _Owner, key: int) -> dict[str, str]:
    """Give the tags of one experiment, model or version."""
    return dict(connection.execute(f"SELECT name, value FROM {owner}_tags WHERE {owner} = ?", (key,)))
