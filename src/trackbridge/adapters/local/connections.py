"""Connections to one database file, lent to one user at a time; threads share them, forked processes never."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from weakref import WeakSet

from trackbridge.adapters.local.translation import BUSY_TIMEOUT_S

__all__ = ["Connections"]

_MAX_IDLE = 4

# SQLite forbids a child to use or close what its parent opened: a child leaves such connections alone for good.
_LEFT_TO_PARENT: set[sqlite3.Connection] = set()


class Connections:
    """A small pool.

    A connection is opened when none is idle, and kept for the next user afterwards. When the file was replaced or
    removed, what is open still points to the old one: such connections are closed instead of being lent again.

    Attributes:
        writer: Held by this process's one writer, so that its threads queue here and not in SQLite's polling.
    """

    def __init__(self, path: Path, configure: Callable[[sqlite3.Connection], None]) -> None:
        self.path = path
        self.writer = threading.Lock()
        self._configure = configure
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._lent: set[sqlite3.Connection] = set()
        self._file: tuple[int, int] | None = None
        _ALL.add(self)

    def borrow(self, *, create: bool) -> sqlite3.Connection | None:
        """Lend a connection; None where the file does not exist and shall not be made."""
        with self._lock:
            self._drop_stale()
            if self._file and self._idle:
                connection = self._idle.pop()
                self._lent.add(connection)
                return connection
        if not create and not self.path.exists():
            return None
        connection = _open(self.path, create=create)
        try:
            self._configure(connection)
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._file = _identity(self.path)
            self._lent.add(connection)
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Take a connection back, whatever state it is in."""
        if connection in _LEFT_TO_PARENT:
            return
        if connection.in_transaction:
            connection.rollback()
        with self._lock:
            mine = connection in self._lent
            self._lent.discard(connection)
            if mine and len(self._idle) < _MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close what is idle; what is lent is closed when it comes back."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._lent.clear()
        for connection in idle:
            connection.close()

    def leave_to_parent(self) -> None:
        """Forget everything in a process that was just forked."""
        _LEFT_TO_PARENT.update(self._idle, self._lent)
        self._idle, self._lent = [], set()
        self._lock, self.writer = threading.Lock(), threading.Lock()

    def _drop_stale(self) -> None:
        if self._file and self._file != _identity(self.path):
            self._file = None
            stale, self._idle = self._idle, []
            self._lent.clear()  # so that each is closed when it comes back
            for connection in stale:
                connection.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _open(path: Path, *, create: bool) -> sqlite3.Connection:
    mode = "rwc" if create else "rw"
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # transactions begin where we say so
        check_same_thread=False,  # lent to one user at a time, who may be any thread
    )


_ALL: WeakSet[Connections] = WeakSet()  # which a fork must tell


def _after_fork() -> None:
    for connections in list(_ALL):
        connections.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
