"""What the emulated accounts hold: documents with their past, and points of metrics; kept in SQLite.

Documents are read from memory and written through, so that a killed server starts again with what it acknowledged. The
past of a document is kept for a while: a list or a search may read the state of some seconds ago.
"""

from __future__ import annotations

import json
import math
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from emulators.sagemaker.switches import PAST_S

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (account TEXT, region TEXT, kind TEXT, id TEXT, written REAL, body TEXT,
    PRIMARY KEY (account, region, kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS points (account TEXT, region TEXT, component TEXT, name TEXT, received REAL, at INTEGER,
    step INTEGER, value REAL);
CREATE INDEX IF NOT EXISTS series ON points (account, region, component, name, at);
"""
_OF_SERIES = "FROM points INDEXED BY series WHERE account=? AND region=? AND component=? AND name=? AND received<=?"
Place = tuple[str, str]
Document = dict[str, Any]


class Point(NamedTuple):
    """One value of a metric: its timestamp in ms, its step if it has one, and when it was received (epoch seconds)."""

    at: int
    step: int | None
    value: float
    received: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A series' figures; None where no finite value makes one."""

    count: int
    least: float | None
    most: float | None
    mean: float | None
    deviation: float | None
    last: float | None
    received: float


class _Version(NamedTuple):
    written: float
    body: Document | None


class Store:
    """All accounts' documents and points; `folder` None keeps them in memory only."""

    def __init__(self, folder: Path | None) -> None:
        self.lock = threading.RLock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        where = ":memory:" if folder is None else str(folder / "sagemaker.db")
        self._database = sqlite3.connect(where, check_same_thread=False, isolation_level=None)
        # A killed process loses nothing that it wrote; the machine's own death is not emulated.
        self._database.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {_SCHEMA}")
        self._kinds: dict[tuple[str, str, str], dict[str, list[_Version]]] = defaultdict(dict)
        for account, region, kind, key, written, body in self._database.execute("SELECT * FROM documents"):
            self._kinds[account, region, kind][key] = [_Version(written, json.loads(body))]
        self._last_ms = 0
        self._names: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._summaries: dict[tuple[str, str, str], dict[str, Summary]] = {}  # as of now, of what was asked for
        for *place, name in self._database.execute("SELECT DISTINCT account, region, component, name FROM points"):
            self._names[tuple(place)].add(name)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def at(self, account: str, region: str) -> Shelf:
        """Give the part of one account in one region."""
        return Shelf(self, (account, region))

    def versions(self, place: Place, kind: str) -> dict[str, list[_Version]]:
        """Give the documents of a kind, each with its versions, newest last."""
        return self._kinds[(*place, kind)]

    def write(self, place: Place, kind: str, key: str, body: Document | None) -> None:
        """Add a version; None deletes."""
        now = time.time()
        if body is None:
            self._database.execute(
                "DELETE FROM documents WHERE account=? AND region=? AND kind=? AND id=?", (*place, kind, key)
            )
        else:
            self._database.execute(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)", (*place, kind, key, now, json.dumps(body))
            )
        past = self._kinds[(*place, kind)].setdefault(key, [])
        past.append(_Version(now, body))
        while len(past) > 1 and past[1].written < now - PAST_S:
            del past[0]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write all or nothing of what is written meanwhile."""
        with self._database:
            self._database.execute("BEGIN")
            yield

    def add_point(self, place: Place, component: str, name: str, point: Point) -> None:
        """Keep a point of a component."""
        row = (*place, component, name, point.received, point.at, point.step, point.value)
        self._database.execute("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._names[(*place, component)].add(name)
        self._summaries.pop((*place, component), None)

    def drop_points(self, place: Place, component: str, name: str | None = None, **where: Any) -> None:
        """Forget points: all of a component, of a series, or those with the values given."""
        clauses = {"account": place[0], "region": place[1], "component": component, **where}
        if name is not None:
            clauses["name"] = name
        condition = " AND ".join(f"{column} IS ?" for column in clauses)
        self._database.execute(f"DELETE FROM points WHERE {condition}", tuple(clauses.values()))
        self._summaries.pop((*place, component), None)
        if name is None:
            self._names.pop((*place, component), None)

    def points(self, place: Place, component: str, name: str, until: float) -> list[Point]:
        """Give a series by time, as far as it was received before `until` (epoch seconds)."""
        query = f"SELECT at, step, value, received {_OF_SERIES} ORDER BY at, rowid"
        # SQLite has no NaN: it keeps NULL instead.
        return [
            Point(at, step, math.nan if value is None else value, received)
            for at, step, value, received in self._database.execute(query, (*place, component, name, until))
        ]

    def summaries(self, place: Place, component: str, lag_s: float) -> dict[str, Summary]:
        """Summarise a component's series by name, as they were `lag_s` ago; those without a point are left out."""
        until = time.time() - lag_s if lag_s else math.inf
        known = self._summaries.get((*place, component)) if not lag_s else None
        if known is None:
            found = {name: self._summary((*place, component, name, until)) for name in self.names(place, component)}
            known = {name: summary for name, summary in found.items() if summary is not None}
            if not lag_s:
                self._summaries[(*place, component)] = known
        return known

    def _summary(self, of: tuple[str, str, str, str, float]) -> Summary | None:
        figures = f"SELECT count(*), min(value), max(value), avg(value), max(received) {_OF_SERIES}"
        count, least, most, mean, received = self._database.execute(figures, of).fetchone()
        if not count:
            return None
        last = self._database.execute(f"SELECT value {_OF_SERIES} ORDER BY at DESC, rowid DESC LIMIT 1", of).fetchone()
        spread = f"SELECT avg((value - ?) * (value - ?)) {_OF_SERIES}"
        (variance,) = self._database.execute(spread, (mean, mean, *of)).fetchone()
        return Summary(count, least, most, mean, None if variance is None else math.sqrt(variance), last[0], received)

    def names(self, place: Place, component: str) -> list[str]:
        """Give the names of a component's series."""
        return sorted(self._names.get((*place, component), ()))

    def tick(self) -> int:
        """Give the time in ms; no two are the same, so that what was made first sorts first."""
        self._last_ms = max(self._last_ms + 1, time.time_ns() // 1_000_000)
        return self._last_ms

    def age(self, account: str, seconds: float) -> None:
        """Let all that an account holds have been written so much earlier, for the lags of lists and searches."""
        for kind in [kind for kind in self._kinds if kind[0] == account]:
            for key, past in self._kinds[kind].items():
                self._kinds[kind][key] = [_Version(one.written - seconds, one.body) for one in past]
        self._summaries.clear()
        for column, table in (("written", "documents"), ("received", "points")):
            self._database.execute(f"UPDATE {table} SET {column} = {column} - ? WHERE account=?", (seconds, account))

    def forget(self, account: str) -> None:
        """Empty an account."""
        for table in ("documents", "points"):
            self._database.execute(f"DELETE FROM {table} WHERE account=?", (account,))
        for kept in (self._kinds, self._names, self._summaries):
            for key in [key for key in kept if key[0] == account]:
                del kept[key]


class Shelf:
    """One account's documents in one region; callers hold the store's lock for as long as what they do is one act."""

    def __init__(self, store: Store, place: Place) -> None:
        self.store, self.place = store, place

    def get(self, kind: str, key: str) -> Document | None:
        """Give a document as it is now."""
        past = self.store.versions(self.place, kind).get(key)
        return past[-1].body if past else None

    def put(self, kind: str, key: str, body: Document) -> None:
        """Write a document; what was read is never changed in place."""
        self.store.write(self.place, kind, key, body)

    def delete(self, kind: str, key: str) -> None:
        """Delete a document."""
        self.store.write(self.place, kind, key, None)

    def items(self, kind: str, lag_s: float = 0.0) -> Iterator[tuple[str, Document]]:
        """Yield the documents of a kind as they were `lag_s` ago."""
        moment = time.time() - lag_s if lag_s else None
        for key, past in self.store.versions(self.place, kind).items():
            body = _body_at(past, moment)
            if body is not None:
                yield key, body

    def get_at(self, kind: str, key: str, lag_s: float) -> Document | None:
        """Give a document as it was `lag_s` ago."""
        past = self.store.versions(self.place, kind).get(key, [])
        return _body_at(past, time.time() - lag_s if lag_s else None)


def _body_at(past: list[_Version], moment: float | None) -> Document | None:
    if moment is None:
        return past[-1].body if past else None
    return next((version.body for version in reversed(past) if version.written <= moment), None)
