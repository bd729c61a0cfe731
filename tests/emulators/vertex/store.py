"""The service's memory: one SQLite file that survives the death of the server at any moment."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, parent TEXT NOT NULL, noun TEXT NOT NULL,
    body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS resource_parent ON resource (parent, noun);
CREATE TABLE IF NOT EXISTS link (
    kind TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (kind, source, target)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_target ON link (kind, target);
CREATE TABLE IF NOT EXISTS point (
    series INTEGER NOT NULL, step INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (series, step)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operation (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, method TEXT NOT NULL, request BLOB NOT NULL,
    due REAL NOT NULL, polls INTEGER NOT NULL, effected INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS project (id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS violation (
    at REAL NOT NULL, project TEXT NOT NULL, method TEXT NOT NULL, message TEXT NOT NULL, cite TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored resource: its place in the order of creation, its name, and its message in wire format."""

    seq: int
    name: str
    body: bytes


class Store:
    """All that the service knows; every call is made inside `transaction`."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # the process may be killed, the machine is not
        self._db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run alone, and leave all or nothing."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Within a transaction: take back what an error interrupts, and that only."""
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._db.execute("RELEASE attempt")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # Resources

    def insert(self, name: str, parent: str, noun: str, body: bytes) -> int:
        """Keep a new resource; give its place in the order of creation."""
        sql = "INSERT INTO resource (name, parent, noun, body) VALUES (?, ?, ?, ?)"
        return int(self._db.execute(sql, (name, parent, noun, body)).lastrowid or 0)

    def replace(self, name: str, body: bytes) -> None:
        """Change a resource that is there."""
        self._db.execute("UPDATE resource SET body = ? WHERE name = ?", (body, name))

    def row(self, name: str) -> Row | None:
        """Find a resource."""
        found = self._db.execute("SELECT seq, name, body FROM resource WHERE name = ?", (name,)).fetchone()
        return Row(*found) if found else None

    def children(self, parent: str, noun: str) -> list[Row]:
        """Give all resources of a collection in the order of their creation."""
        sql = "SELECT seq, name, body FROM resource WHERE parent = ? AND noun = ? ORDER BY seq"
        return [Row(*row) for row in self._db.execute(sql, (parent, noun))]

    def remove(self, name: str) -> None:
        """Forget a resource, all below it, its links and its points."""
        below = (name, f"{name}/", f"{name}0")  # '0' follows '/'
        condition = "(name = ? OR (name > ? AND name < ?))"
        names = f"(SELECT name FROM resource WHERE {condition})"
        self._db.execute(f"DELETE FROM point WHERE series IN (SELECT seq FROM resource WHERE {condition})", below)
        self._db.execute(f"DELETE FROM link WHERE source IN {names} OR target IN {names}", below * 2)
        self._db.execute(f"DELETE FROM resource WHERE {condition}", below)

    # Links: membership, parenthood, events

    def link(self, kind: str, source: str, target: str, body: bytes = b"") -> None:
        """Link two resources; a link that is there stays as it is."""
        self._db.execute("INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?)", (kind, source, target, body))

    def unlink(self, kind: str, source: str, target: str) -> None:
        """Remove a link if it is there."""
        self._db.execute("DELETE FROM link WHERE kind = ? AND source = ? AND target = ?", (kind, source, target))

    def targets(self, kind: str, source: str) -> list[tuple[str, bytes]]:
        """Give what a resource links to."""
        sql = "SELECT target, body FROM link WHERE kind = ? AND source = ? ORDER BY target"
        return self._db.execute(sql, (kind, source)).fetchall()

    def sources(self, kind: str, target: str) -> list[tuple[str, bytes]]:
        """Give what links to a resource."""
        sql = "SELECT source, body FROM link WHERE kind = ? AND target = ? ORDER BY source"
        return self._db.execute(sql, (kind, target)).fetchall()

    # Points of series

    def write_points(self, series: int, points: Iterable[tuple[int, bytes]]) -> None:
        """Write points by step, over what was there."""
        sql = f"INSERT OR REPLACE INTO point VALUES ({int(series)}, ?, ?)"
        self._db.executemany(sql, points)

    def points(self, series: int) -> list[tuple[int, bytes]]:
        """Give all points of a series by step."""
        return self._db.execute("SELECT step, body FROM point WHERE series = ? ORDER BY step", (series,)).fetchall()

    def points_from(self, series: int, after: int | None, *, downwards: bool) -> Iterator[bytes]:
        """Give the points of a series by step, beginning behind a step."""
        beyond, order = ("<", "DESC") if downwards else (">", "ASC")
        behind = "" if after is None else f"AND step {beyond} {int(after)}"
        for row in self._db.execute(
            f"SELECT body FROM point WHERE series = ? {behind} ORDER BY step {order}", (series,)
        ):
            yield row[0]

    def points_bytes(self, below: str) -> int:
        """Give the size of all points below a name."""
        sql = (
            "SELECT COALESCE(SUM(LENGTH(point.body)), 0) FROM point JOIN resource ON resource.seq = point.series "
            "WHERE resource.name > ? AND resource.name < ?"
        )
        return int(self._db.execute(sql, (f"{below}/", f"{below}0")).fetchone()[0])

    def count_below(self, below: str, noun: str) -> int:
        """Count the resources of a kind below a name."""
        sql = "SELECT COUNT(*) FROM resource WHERE name > ? AND name < ? AND noun = ?"
        return int(self._db.execute(sql, (f"{below}/", f"{below}0", noun)).fetchone()[0])

    # Operations

    def add_operation(self, name: str, method: str, request: bytes, due: float, polls: int, body: bytes) -> None:
        """Keep an operation whose effect is still to come."""
        sql = "INSERT INTO operation (name, method, request, due, polls, effected, body) VALUES (?, ?, ?, ?, ?, 0, ?)"
        self._db.execute(sql, (name, method, request, due, polls, body))

    def operation(self, name: str) -> tuple[bytes, int, bool] | None:
        """Give an operation's message, the polls that it still disappoints, and whether it had its effect."""
        sql = "SELECT body, polls, effected FROM operation WHERE name = ?"
        found = self._db.execute(sql, (name,)).fetchone()
        return (found[0], found[1], bool(found[2])) if found else None

    def operations(self, below: str) -> list[bytes]:
        """Give all operations below a name."""
        sql = "SELECT body FROM operation WHERE name > ? AND name < ? ORDER BY seq"
        return [row[0] for row in self._db.execute(sql, (f"{below}/", f"{below}0"))]

    def due_operations(self, project: str, now: float) -> list[tuple[str, str, bytes, bytes]]:
        """Give name, method, request and message of what is due in a project and had no effect yet."""
        sql = (
            "SELECT name, method, request, body FROM operation "
            "WHERE effected = 0 AND due <= ? AND name > ? AND name < ? ORDER BY due, seq"
        )
        return self._db.execute(sql, (now, f"projects/{project}/", f"projects/{project}0")).fetchall()

    def effect_operation(self, name: str, body: bytes) -> None:
        """Keep what came of an operation."""
        self._db.execute("UPDATE operation SET effected = 1, body = ? WHERE name = ?", (body, name))

    def poll_operation(self, name: str) -> None:
        """Count a poll."""
        self._db.execute("UPDATE operation SET polls = polls - 1 WHERE name = ?", (name,))

    def remove_operation(self, name: str) -> None:
        """Forget an operation."""
        self._db.execute("DELETE FROM operation WHERE name = ?", (name,))

    # The rest

    def count(self, name: str) -> int:
        """Give the next number of a counter; it never repeats, whatever was deleted."""
        sql = "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
        return int(self._db.execute(sql, (name,)).fetchone()[0])

    def project_number(self, project: str, proposed: str) -> str:
        """Give a project's number, which is `proposed` where it has none yet."""
        self._db.execute("INSERT OR IGNORE INTO project VALUES (?, ?)", (project, proposed))
        return str(self._db.execute("SELECT number FROM project WHERE id = ?", (project,)).fetchone()[0])

    def project_id(self, number: str) -> str | None:
        """Find the project that has a number."""
        with self._lock:
            return self._project_id(number)

    def _project_id(self, number: str) -> str | None:
        found = self._db.execute("SELECT id FROM project WHERE number = ?", (number,)).fetchone()
        return str(found[0]) if found else None

    def violate(self, at: float, project: str, method: str, message: str, cite: str) -> None:
        """Remember that a client broke a rule."""
        with self._lock:
            self._db.execute("INSERT INTO violation VALUES (?, ?, ?, ?, ?)", (at, project, method, message, cite))

    def violations(self) -> list[tuple[float, str, str, str, str]]:
        """Give all broken rules in order."""
        with self._lock:
            return self._db.execute(
                "SELECT at, project, method, message, cite FROM violation ORDER BY rowid"
            ).fetchall()
