"""The database of a store: made on first use, upgraded in place, lent out for reads and for write transactions."""

from __future__ import annotations

import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trackbridge.adapters.local.connections import Connections
from trackbridge.adapters.local.functions import add_functions
from trackbridge.adapters.local.schema import APPLICATION_ID, MIGRATIONS
from trackbridge.adapters.local.translation import BUSY_TIMEOUT_S, translated
from trackbridge.errors import ConfigurationError

__all__ = ["Database"]

FILE_NAME = "trackbridge.db"
_CACHE_KIB = 16 * 1024


class Database:
    """``trackbridge.db`` in a store's directory.

    Nothing is made before the first write; until then every read finds an empty store.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / FILE_NAME
        self._connections = Connections(self.path, self._configure)
        weakref.finalize(self, self._connections.close)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection within one read transaction: all its statements see the same moment."""
        with translated(self.path):
            connection = self._connections.borrow(create=False)
            if connection is None:
                yield from _empty()
                return
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                self._connections.give_back(connection)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection within the one write transaction of all processes: what it does is done whole or not."""
        with translated(self.path), self._connections.writer:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._connections.borrow(create=True)
            assert connection is not None
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                self._connections.give_back(connection)

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()

    def _configure(self, connection: sqlite3.Connection) -> None:
        add_functions(connection)
        _upgrade(connection, self.path)
        _use_wal(connection)
        # With a write-ahead log NORMAL survives the death of any process; FULL would add a sync a transaction against
        # the loss of the last ones when the power fails.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _empty() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        add_functions(connection)
        _upgrade(connection, Path(":memory:"))
        yield connection
    finally:
        connection.close()


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN")  # all that tells what the file is must be of one moment: it may be in the making
    version = _version(connection, path)
    connection.execute("COMMIT")
    if version == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    for number in range(_version(connection, path), len(MIGRATIONS)):  # another process may have been first
        for statement in MIGRATIONS[number]:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Give the version of the schema, 0 for an empty database; refuse what is not ours or newer than we are."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise ConfigurationError(
            f"{path} is a SQLite database of another application", clause="X1", remedy="Give another directory."
        )
    if version > len(MIGRATIONS):
        raise ConfigurationError(
            f"{path} has the schema version {version}; this trackbridge knows {len(MIGRATIONS)}",
            clause="X1",
            remedy="Upgrade trackbridge, or give another directory.",
        )
    return int(version)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on, so that readers and the writer do not block each other.

    SQLite does not wait for others here, as it does everywhere else. A file system without shared memory refuses
    quietly, and everything works all the same, only slower.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
