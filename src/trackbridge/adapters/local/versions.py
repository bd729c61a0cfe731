"""Rows of model versions (G1, G2)."""

from __future__ import annotations

import sqlite3

from trackbridge.adapters.local.edits import edit, read_tags
from trackbridge.adapters.refusals import no_version, spent_number
from trackbridge.protocol import NativeVersion, VersionSpec, VersionState

__all__ = ["insert_version", "read_version", "version_key"]

_SPEC = "token, run_id, artifact_path, digest, created_ms, signature, input_example, description"


def insert_version(connection: sqlite3.Connection, model: int, name: str, spec: VersionSpec, number: int | None) -> int:
    """Create a version of the model with this key and name; see `RegistryStore.create_version`."""
    made = connection.execute(
        "SELECT number FROM versions WHERE model = ? AND token = ?", (model, spec.token)
    ).fetchone()
    if made:
        if number not in (None, made[0]):
            raise spent_number(name, made[0], f"was made with the same token and cannot be {number}")
        return int(made[0])
    if number is None:
        (number,) = connection.execute(
            "SELECT coalesce(max(number), 0) + 1 FROM versions WHERE model = ?", (model,)
        ).fetchone()
    elif connection.execute("SELECT 1 FROM versions WHERE model = ? AND number = ?", (model, number)).fetchone():
        raise spent_number(name, number, "exists or existed already")
    assert number is not None
    fields = [getattr(spec, field) for field in _SPEC.split(", ")]
    inserted = connection.execute(
        f"INSERT INTO versions (model, number, {_SPEC}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (model, number, *fields),
    )
    assert inserted.lastrowid is not None
    edit(connection, "version", inserted.lastrowid, None, spec.tags)
    return number


def version_key(connection: sqlite3.Connection, model: int, name: str, number: int) -> tuple[int, bool]:
    """Give the key of a version and whether it is deleted; raise `NotFound` where there is none."""
    row = connection.execute(
        "SELECT version, deleted FROM versions WHERE model = ? AND number = ?", (model, number)
    ).fetchone()
    if row is None:
        raise no_version(name, number)
    return row[0], bool(row[1])


def read_version(connection: sqlite3.Connection, version: int) -> NativeVersion:
    """Give the version with this key."""
    row = connection.execute(
        f"SELECT {_SPEC}, model, number, stage, approval FROM versions WHERE version = ?", (version,)
    )
    token, run_id, path, digest, created_ms, signature, example, description, *rest = row.fetchone()
    model, number, stage, approval = rest
    aliases = connection.execute(
        "SELECT alias FROM aliases WHERE model = ? AND number = ? ORDER BY alias", (model, number)
    )
    tags = read_tags(connection, "version", version)
    return NativeVersion(
        number,
        VersionSpec(token, run_id, path, digest, created_ms, signature, example, description, tags),
        VersionState(stage, approval, tuple(alias for (alias,) in aliases)),
    )
