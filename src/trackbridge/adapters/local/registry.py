"""Models, versions and trails in SQLite (G1–G8)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

from trackbridge.adapters.local.database import Database
from trackbridge.adapters.local.edits import edit, read_tags
from trackbridge.adapters.local.versions import insert_version, read_version, version_key
from trackbridge.adapters.refusals import no_model, no_version, spent_model
from trackbridge.protocol import Mirror, NativeModel, NativeVersion, VersionSpec
from trackbridge.records.times import now_ms

__all__ = ["LocalRegistry"]

_MODEL = "model, name, description, created_ms, deleted, mirrored_count, mirrored_head"


class LocalRegistry:
    """See `trackbridge.protocol.RegistryStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure_model(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""
        with self._database.write() as connection:
            connection.execute("INSERT OR IGNORE INTO models (name, created_ms) VALUES (?, ?)", (name, now_ms()))
            _live_model(connection, name)

    def get_model(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too."""
        with self._database.read() as connection:
            row = connection.execute(f"SELECT {_MODEL} FROM models WHERE name = ?", (name,)).fetchone()
            return _native_model(connection, row) if row else None

    def list_models(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        with self._database.read() as connection:
            rows = connection.execute(f"SELECT {_MODEL} FROM models WHERE NOT deleted ORDER BY name")
            return iter([_native_model(connection, row) for row in rows])

    def edit_model(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given."""
        with self._database.write() as connection:
            edit(connection, "model", _model_key(connection, name), description, tags)

    def delete_model(self, name: str) -> None:
        """Mark it and its versions deleted: its name and numbers are spent."""
        with self._database.write() as connection:
            model = _model_key(connection, name)
            connection.execute("UPDATE models SET deleted = 1 WHERE model = ?", (model,))
            connection.execute("UPDATE versions SET deleted = 1 WHERE model = ?", (model,))
            connection.execute("DELETE FROM aliases WHERE model = ?", (model,))

    def create_version(self, model: str, spec: VersionSpec, number: int | None = None) -> int:
        """Create a version and give its number; the same token gives the number it gave before."""
        with self._database.write() as connection:
            return insert_version(connection, _live_model(connection, model), model, spec, number)

    def versions(self, model: str) -> Iterator[NativeVersion]:
        """Give all versions that are not deleted, by number."""
        with self._database.read() as connection:
            key = _model_key(connection, model)
            numbers = connection.execute(
                "SELECT version FROM versions WHERE model = ? AND NOT deleted ORDER BY number", (key,)
            )
            return iter([read_version(connection, version) for (version,) in numbers])

    def versions_of_run(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give (model, number) of every version made from a run that is not deleted."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name, number FROM versions JOIN models USING (model)"
                " WHERE run_id = ? AND NOT versions.deleted ORDER BY name, number",
                (run_id,),
            )
            return iter(rows.fetchall())

    def edit_version(self, model: str, number: int, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given."""
        with self._database.write() as connection:
            version, deleted = version_key(connection, _model_key(connection, model), model, number)
            if deleted:
                raise no_version(model, number)
            edit(connection, "version", version, description, tags)

    def delete_version(self, model: str, number: int) -> None:
        """Delete a version: its number is spent."""
        with self._database.write() as connection:
            key = _model_key(connection, model)
            version, _ = version_key(connection, key, model, number)
            connection.execute("UPDATE versions SET deleted = 1 WHERE version = ?", (version,))
            connection.execute("DELETE FROM aliases WHERE model = ? AND number = ?", (key, number))

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` of the trail if absent."""
        with self._database.write() as connection:
            key = _model_key(connection, model)
            connection.execute("INSERT OR IGNORE INTO trail VALUES (?, ?, ?)", (key, n, data))
            held = connection.execute("SELECT entry FROM trail WHERE model = ? AND n = ?", (key, n)).fetchone()
            return bool(held == (data,))

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT entry FROM trail WHERE model = ? AND n >= ? ORDER BY n", (_model_key(connection, model), start)
            )
            return iter([entry for (entry,) in rows])

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        """Show a fold of the trail; an older count changes nothing, nor does a version that is not named."""
        with self._database.write() as connection:
            key = _model_key(connection, model)
            newer = connection.execute(
                "UPDATE models SET mirrored_count = ?, mirrored_head = ?"
                " WHERE model = ? AND coalesce(mirrored_count, 0) <= ?",
                (mirror.count, mirror.head, key, mirror.count),
            )
            if newer.rowcount:
                _show(connection, key, mirror)


def _show(connection: sqlite3.Connection, model: int, mirror: Mirror) -> None:
    known = {number for (number,) in connection.execute("SELECT number FROM versions WHERE model = ?", (model,))}
    shown = {number: state for number, state in mirror.versions.items() if number in known}
    for number, state in shown.items():
        connection.execute(
            "UPDATE versions SET stage = ?, approval = ? WHERE model = ? AND number = ?",
            (state.stage, state.approval, model, number),
        )
        connection.execute("DELETE FROM aliases WHERE model = ? AND number = ?", (model, number))
    aliases = ((model, alias, number) for number, state in shown.items() for alias in state.aliases)
    connection.executemany("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", aliases)


def _model_row(connection: sqlite3.Connection, name: str) -> tuple[int, bool]:
    row = connection.execute("SELECT model, deleted FROM models WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise no_model(name)
    return row[0], bool(row[1])


def _model_key(connection: sqlite3.Connection, name: str) -> int:
    return _model_row(connection, name)[0]


def _live_model(connection: sqlite3.Connection, name: str) -> int:
    key, deleted = _model_row(connection, name)
    if deleted:
        raise spent_model(name)
    return key


def _native_model(
    connection: sqlite3.Connection, row: tuple[int, str, str | None, int, int, int | None, str | None]
) -> NativeModel:
    key, name, description, created_ms, deleted, count, head = row
    mirrored = None if count is None else (count, head or "")
    return NativeModel(name, description, read_tags(connection, "model", key), created_ms, bool(deleted), mirrored)
