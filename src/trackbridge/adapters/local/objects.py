"""Objects in SQLite (X3)."""

from __future__ import annotations

from collections.abc import Iterator

from trackbridge.adapters.local.database import Database
from trackbridge.adapters.local.rows import run_key
from trackbridge.adapters.refusals import no_object
from trackbridge.protocol import ObjectInfo, Scope

__all__ = ["LocalObjects"]


class LocalObjects:
    """See `trackbridge.protocol.ObjectStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """Store an object."""
        with self._database.write() as connection:
            if scope.kind == "run":
                run_key(connection, scope.key)
            connection.execute(
                "INSERT OR IGNORE INTO objects (kind, key, name, data) VALUES (?, ?, ?, ?)",
                (scope.kind, scope.key, name, data),
            )

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """Give the objects whose name begins with `prefix`, by name."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name, length(data) FROM objects WHERE kind = ? AND key = ? ORDER BY name",
                (scope.kind, scope.key),
            )
            return iter([ObjectInfo(name, size) for name, size in rows if name.startswith(prefix)])

    def get(self, scope: Scope, name: str) -> bytes:
        """Give an object's bytes."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT data FROM objects WHERE kind = ? AND key = ? AND name = ?", (scope.kind, scope.key, name)
            ).fetchone()
        if row is None:
            raise no_object(scope.kind, scope.key, name)
        return bytes(row[0])
