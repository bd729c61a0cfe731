"""The one place where SQLite's and the file system's exceptions become ours."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trackbridge.errors import ConfigurationError, IntegrityError, Rejected, TrackbridgeError, Transient

__all__ = ["BUSY_TIMEOUT_S", "translated"]

BUSY_TIMEOUT_S = 30.0

_PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EIO}
_BUGS = (sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.IntegrityError, sqlite3.NotSupportedError)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what goes wrong with the store at `path` as one of ours, the original kept as the cause."""
    try:
        yield
    except _BUGS:
        raise
    except sqlite3.Error as error:
        raise _of_sqlite(error, path) from error
    except OSError as error:
        raise _of_system(error, path) from error


def _of_sqlite(error: sqlite3.Error, path: Path) -> TrackbridgeError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the low byte, extended codes removed
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Transient(
                f"{path} was held by another writer for {BUSY_TIMEOUT_S:.0f} s",
                clause="X1",
                remedy="Try again; a process that hangs in a transaction must be ended.",
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return ConfigurationError(
                f"{path} cannot be opened for writing: {error}",
                clause="X1",
                remedy="Give a directory that this user may write to.",
            )
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_NOMEM:
            return Transient(f"{path} cannot be written now: {error}", clause="X1", remedy="Look at the disk's space.")
        case sqlite3.SQLITE_TOOBIG:
            return Rejected(f"{path} cannot hold a value of this size: {error}", clause="X1")
    return IntegrityError(
        f"{path} is damaged or no trackbridge database: {error}",
        clause="X1",
        remedy="Restore it from a copy, or move it away to begin anew.",
    )


def _of_system(error: OSError, path: Path) -> TrackbridgeError:
    where = error.filename or path
    if error.errno in _PASSING:
        return Transient(f"{where} cannot be written now: {error.strerror}", clause="X1", remedy="Look at the disk.")
    return ConfigurationError(
        f"{where} cannot be used: {error.strerror}",
        clause="X1",
        remedy="Give a directory that this user may write to.",
    )
