"""What the service keeps: rows in SQLite, contents as files. A server killed at any moment starts again on it."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

CHUNK_BYTES = 1 << 20


class Stored(NamedTuple):
    """A content that was written."""

    blob: str
    size: int
    md5: str


class Store:
    """One connection under one lock; what is read or written within `transaction` is of one moment."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._blobs = folder / "blobs"
        self._blobs.mkdir(exist_ok=True)
        for unfinished in self._blobs.glob("*.part"):  # of a server that was killed
            unfinished.unlink()
        self._lock = threading.RLock()
        self._db = sqlite3.connect(folder / "wandb.db", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;"
            + Path(__file__).with_name("tables.sql").read_text()
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the store for one request; what it wrote is undone when it raises."""
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @property
    def changes(self) -> int:
        """How many rows were written since the start: what was read before a change may be stale after it."""
        with self._lock:
            return self._db.total_changes

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> sqlite3.Row | None:
        with self._lock:
            return self._db.execute(query, values).fetchone()

    def value(self, query: str, *values: Any) -> Any:
        """Give the first column of the first row, or None."""
        row = self.row(query, *values)
        return None if row is None else row[0]

    def write(self, query: str, *values: Any) -> int:
        """Write; give the id of the row that was inserted."""
        with self._lock:
            return self._db.execute(query, values).lastrowid or 0

    def write_many(self, query: str, values: Iterable[tuple[Any, ...]]) -> None:
        with self._lock:
            self._db.executemany(query, values)

    def insert(self, table: str, **values: Any) -> int:
        columns, marks = ", ".join(f'"{name}"' for name in values), ", ".join("?" * len(values))
        return self.write(f"INSERT INTO {table} ({columns}) VALUES ({marks})", *values.values())

    def update(self, table: str, row_id: int, **values: Any) -> None:
        if values:
            marks = ", ".join(f'"{name}" = ?' for name in values)
            self.write(f"UPDATE {table} SET {marks} WHERE id = ?", *values.values(), row_id)

    def save_blob(self, source: BinaryIO, length: int) -> Stored:
        """Write the next `length` bytes of a stream as a content of its own.

        Raises:
            ConnectionError: When the stream ends early; nothing is kept then.
        """
        name, digest, left = secrets.token_hex(16), hashlib.md5(), length
        unfinished = self._blobs / f"{name}.part"
        with unfinished.open("wb") as target:
            while left:
                chunk = source.read(min(left, CHUNK_BYTES))
                if not chunk:
                    unfinished.unlink()
                    raise ConnectionError(f"the body ended {left} bytes early")
                digest.update(chunk)
                target.write(chunk)
                left -= len(chunk)
        unfinished.replace(self._blobs / name)
        return Stored(name, length, digest.hexdigest())

    def blob_path(self, blob: str) -> Path:
        return self._blobs / blob

    def join_blobs(self, blobs: list[str]) -> Stored:
        """Make one content of several, in that order."""
        name, digest, size = secrets.token_hex(16), hashlib.md5(), 0
        unfinished = self._blobs / f"{name}.part"
        with unfinished.open("wb") as target:
            for blob in blobs:
                with self.blob_path(blob).open("rb") as source:
                    while chunk := source.read(CHUNK_BYTES):
                        digest.update(chunk)
                        size += target.write(chunk)
        unfinished.replace(self._blobs / name)
        return Stored(name, size, digest.hexdigest())

    def close(self) -> None:
        with self._lock:
            self._db.close()
