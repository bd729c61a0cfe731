"""The writer of a journal: one for each run and process."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from trackbridge.errors import ConfigurationError, Rejected
from trackbridge.journal.format import MAX_KIND, Counters
from trackbridge.journal.hot import NOTHING, InUse, Row, checked_rows, one_metric, several_metrics
from trackbridge.journal.options import JournalOptions
from trackbridge.journal.owner import Identity, claim, this_process, unlock
from trackbridge.journal.segment import Put, Segment, plain_put, put_mapped
from trackbridge.journal.supply import Shortage, Supply
from trackbridge.records.ids import check_run_id
from trackbridge.records.names import shown
from trackbridge.redaction import redacted_logger

__all__ = ["JournalStats", "JournalWriter", "Refuse"]

Refuse: TypeAlias = Callable[[Rejected], None]

_log = redacted_logger(__name__)
_WRITER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BLOCK_POLL_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class JournalStats:
    """What a writer did so far: slots taken, what it could not take, and what is wrong with the disk, if anything."""

    accepted: int
    dropped_points: int
    dropped_records: int
    mode: Literal["mapped", "plain"]
    trouble: OSError | None


class JournalWriter:
    """Takes the records of one run in one process; what a returned call was given survives the process.

    Any thread may call it. A forked child that uses it gets a journal of its own, beside its parent's, at its first
    call. `log_metric` and `log_metrics` are plain attributes: bind them where they are called.

    Args:
        root: The journal root; this journal lies in ``root/run/writer``.
        run: The run's id.
        writer: What tells this writer from the run's others; random by default.
        options: How the journal is kept.
        refuse: What to do with a call that can never be right, in the thread that made it; it is raised by default.
        opened: Told that a forked child has opened a journal of its own.
        waiting: Called now and then, without any lock, while a call waits for room: who delivers on the calling thread
            does it here.
        extra: Anything that a consumer is to find in the owner file.

    Raises:
        ConfigurationError: no journal can be kept there.
        Rejected: the run's id or the writer's is none.
    """

    def __init__(
        self,
        root: Path,
        run: str,
        *,
        writer: str | None = None,
        options: JournalOptions | None = None,
        refuse: Refuse | None = None,
        opened: Callable[[], None] | None = None,
        waiting: Callable[[], None] | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        if not getattr(sys, "_is_gil_enabled", lambda: True)():
            raise ConfigurationError("the journal needs the GIL, which this interpreter runs without")
        self._root = Path(os.path.abspath(root))  # noqa: PTH100 - resolve() would touch the disk; chdir must not matter
        self._run = check_run_id(run)
        self._options = options or JournalOptions()
        self._refuse = refuse
        self._opened = opened
        self._waiting = waiting
        self._extra = dict(extra or {})
        self._lock = threading.RLock()
        self._closed = self._forked = False
        self._counters = Counters()
        self._taken = 0  # in segments that are no longer in use
        self._writer = _new_writer() if writer is None else writer
        if not _WRITER.fullmatch(self._writer):
            raise Rejected(f"{shown(writer)} is not a writer's name", remedy="Use 1 to 64 of A-Z, a-z, 0-9, _ and -.")
        self._open(None)
        self._put: Put = put_mapped if self._supply.mapped else plain_put(self._lost)
        self.log_metric, self._swap_one = one_metric(self._put, self._log)
        self.log_metrics, self._swap_several = several_metrics(self._put, self._log)
        self._use(self._segment)
        _living.add(self)

    @property
    def directory(self) -> Path:
        """Where the journal lies."""
        return self._root / self._run / self._writer

    @property
    def identity(self) -> Identity:
        """What the owner file says."""
        return self._identity

    @property
    def stats(self) -> JournalStats:
        """What was taken and what was not."""
        with self._lock:
            shortage = self._shortage
            return JournalStats(
                self._taken + (0 if self._closed else self._segment.taken()),
                self._counters.dropped_points,
                self._counters.dropped_records,
                "mapped" if self._supply.mapped else "plain",
                self._supply.trouble or (shortage.error if shortage else None),
            )

    def append(self, kind: int, payload: bytes, *, essential: bool = False) -> bool:
        """Take one record of any kind but a point; it is in the page cache when this returns.

        Args:
            kind: 1 to 2^28 − 1; the journal attaches no meaning to it.
            payload: Its bytes, at most `JournalOptions.share_bytes`.
            essential: May use the room kept for last words when there is no other: the status that ends a run.

        Returns:
            False if there was no room and the record was dropped, and counted.

        Raises:
            Rejected: the record can never be taken, or the journal is closed.
        """
        if not 1 <= kind <= MAX_KIND or len(payload) > self._options.share_bytes:
            raise Rejected(
                f"a record of kind {shown(kind)} with {len(payload)} bytes does not fit into the journal",
                clause="X2",
                remedy=f"It takes kinds from 1 to {MAX_KIND} and {self._options.share_bytes} bytes.",
            )
        time_s = time.time()
        while True:
            with self._lock:
                shortage = self._append(kind, payload, time_s)
                if shortage is None:
                    return True
                if essential and self._last_word(kind, payload, time_s):
                    return True
                if not self._blocks(shortage):
                    self._drop(records=1, shortage=shortage)
                    return False
            self._wait()

    def admit(self, size_bytes: int) -> bool:
        """Make room for a file that the caller is about to put into a folder of the journal's directory.

        Returns:
            False if there is none, and the journal drops what it has no room for; it was counted as a record.

        Raises:
            Rejected: the journal is closed.
        """
        while True:
            with self._lock:
                self._ready()
                if self._supply.has_room_for_file(size_bytes):
                    return True
                shortage = Shortage(time.monotonic())
                if not self._blocks(shortage):
                    self._drop(records=1, shortage=shortage)
                    return False
            self._wait()

    def place(self) -> Path:
        """Give the journal's directory, in a forked child its own, made now; raise `Rejected` once it is closed."""
        with self._lock:
            self._ready()
            return self.directory

    def sync(self) -> None:
        """Bring everything taken so far to the disk itself; raise `OSError` where that fails."""
        if not (self._closed or self._forked):
            self._supply.sync()

    def close(self) -> None:
        """Seal the journal and give up its lock; what comes later is refused. Closing twice is closing once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            _living.discard(self)
            self._swap(NOTHING)
            if self._forked:
                return
            self._segment.exhaust()
            self._taken += self._segment.taken()
        self._supply.close()
        unlock(self._owner)

    def _open(self, forked_from: str | None) -> None:
        self._identity = this_process(self._run, self._writer, forked_from=forked_from, extra=self._extra)
        self._shortage: Shortage | None = None
        self._owner = -1
        try:
            self._restore()
            self._supply = Supply(self.directory, self._run, self._writer, self._options, self._restore)
            self._segment: Segment = self._supply.start()
        except OSError as error:
            self._clear()
            raise ConfigurationError(
                f"no journal can be kept in {self.directory}: {error.strerror or error}",
                remedy="Choose a directory with room that this process may write to.",
            ) from error

    def _restore(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        before, self._owner = self._owner, claim(self.directory, self._identity)
        if before >= 0:
            os.close(before)

    def _let_go(self) -> None:
        if self._owner >= 0:
            os.close(self._owner)
            self._owner = -1

    def _clear(self) -> None:
        self._let_go()
        with contextlib.suppress(OSError):  # what could not be written can hardly be tidied
            for leftover in self.directory.iterdir():
                leftover.unlink()
            self.directory.rmdir()

    def _use(self, segment: Segment) -> None:
        self._segment = segment
        self._swap(InUse(segment.target, segment.slots, segment.ids))

    def _swap(self, in_use: InUse) -> None:
        self._in_use = in_use
        self._swap_one(in_use)
        self._swap_several(in_use)

    def _ready(self) -> None:
        """Refuse a closed journal; give a forked child its own. The lock is held."""
        if self._closed:
            raise Rejected(
                f"the journal of run {self._run} is closed", clause="R4", remedy="Log before the run is finished."
            )
        if self._forked:
            parent, self._writer = self._writer, _new_writer()
            self._counters, self._taken = Counters(), 0
            self._open(parent)
            self._forked = False
            self._use(self._segment)
            if self._opened is not None:
                self._opened()

    def _roll(self, seen: Segment) -> Shortage | None:
        """Go on to the next segment, unless another thread just did. The lock is held."""
        if self._segment is not seen:
            return None
        taken = self._supply.take()
        if isinstance(taken, Shortage):
            return taken
        self._taken += seen.taken()
        self._shortage = None
        self._use(taken)
        self._supply.passed()
        self._count()
        return None

    def _append(self, kind: int, payload: bytes, time_s: float) -> Shortage | None:
        self._ready()
        if not self._supply.has_room(len(payload)):
            return Shortage(time.monotonic())
        most = min(self._options.heap_bytes, self._options.share_bytes)
        while True:
            segment = self._segment
            if segment.heap_bytes and segment.heap_bytes + len(payload) > most:
                segment.exhaust()
            try:
                if segment.record(kind, payload, time_s):
                    return None
            except OSError as error:
                return Shortage(time.monotonic(), error)
            if shortage := self._roll(segment):
                return shortage

    def _last_word(self, kind: int, payload: bytes, time_s: float) -> bool:
        try:
            return self._segment.last_word(kind, payload, time_s)
        except OSError as error:
            _log.warning("the journal of run %s has no room for its last words: %s", self._run, error)
            return False

    def _log(self, metrics: Iterable[tuple[Any, Any]], step: Any, timestamp: Any) -> None:
        """Log points the slow way: with every check, every remedy."""
        try:
            for row in checked_rows(metrics, step, timestamp):
                self._write(row)
        except Rejected as error:
            if self._refuse is None:
                raise
            self._refuse(error)

    def _lost(self, cause: OSError) -> None:
        self._drop(points=1, shortage=Shortage(time.monotonic(), cause))

    def _write(self, row: Row) -> None:
        """Write one checked point, wherever there is room."""
        name, flags, step, when, value = row
        while True:
            with self._lock:
                self._ready()
                segment = self._segment
                target, slots, ids = self._in_use
                try:
                    key = (ids.get(name) or segment.intern(name)) | flags
                except OSError as error:
                    return self._drop(points=1, shortage=Shortage(time.monotonic(), error))
            for at in slots:
                self._put(target, at, at, key, step, when, value, key, step, when, value)
                self._shortage = None
                return None
            with self._lock:
                shortage = self._roll(segment)
            if shortage is not None:
                if not self._blocks(shortage):
                    return self._drop(points=1, shortage=shortage)
                self._wait()

    def _wait(self) -> None:
        if self._waiting is not None:
            self._waiting()
        time.sleep(_BLOCK_POLL_S)

    def _blocks(self, shortage: Shortage) -> bool:
        # Delivery ends a shortage of the journal's own; nothing we do ends a full disk, and training goes on.
        return shortage.is_quota and self._options.when_full == "block" and not self._closed

    def _drop(self, *, points: int = 0, records: int = 0, shortage: Shortage) -> None:
        with self._lock:
            if self._shortage is None:
                _log.warning(
                    "the journal of run %s is full (%s): records are dropped and counted",
                    self._run,
                    shortage.error or f"{self._options.max_bytes} bytes wait for delivery",
                )
            self._shortage = shortage
            counters = self._counters
            self._counters = Counters(counters.dropped_points + points, counters.dropped_records + records)
            self._count()

    def _count(self) -> None:
        if self._closed or self._counters == Counters():
            return
        try:
            self._segment.count(self._counters)
        except OSError as error:  # they are still in `stats`, and go into the next segment
            _log.debug("the counters could not be written: %s", error)

    def after_fork(self) -> None:
        """Let go of the parent's journal without a trace in it; called in every forked child."""
        self._swap(NOTHING)
        self._lock = threading.RLock()
        self._forked = True
        self._segment.close()
        self._supply.forget()
        self._let_go()


def _new_writer() -> str:
    return os.urandom(8).hex()


_living: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for writer in list(_living):
        writer.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
