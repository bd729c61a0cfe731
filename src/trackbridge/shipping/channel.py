"""One backend's way through one journal: read, resolve, deliver, and only then move the cursor."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from trackbridge.errors import IntegrityError, TrackbridgeError
from trackbridge.journal import (
    OWNER_FILE,
    Batch,
    Cursor,
    Damage,
    JournalReader,
    Ranges,
    RawPoint,
    cursor_path,
    first_logged_ns,
    load_cursor,
    save_cursor,
)
from trackbridge.protocol import Backend
from trackbridge.records.log import LoggedArtifact, LoggedSeries, LoggedVersion
from trackbridge.records.runs import ENDED
from trackbridge.records.writes import Stamp, StatusWrite
from trackbridge.redaction import redacted_logger
from trackbridge.shipping.board import Board
from trackbridge.shipping.codec import decode
from trackbridge.shipping.deliverer import Deliverer, Item, count_of
from trackbridge.shipping.delivery import DeadLetter, Delivery, Ledger
from trackbridge.shipping.progress import Progress
from trackbridge.shipping.resolve import PointResolver
from trackbridge.shipping.retry import Backoff, may_recover
from trackbridge.shipping.uploads import Uploads
from trackbridge.shipping.waybill import Destination, Waybill

__all__ = ["Channel", "Connection", "consumer"]

_LOGGER: Final = redacted_logger("trackbridge")
_MOST_ENTRIES: Final = 20_000  # of a plan: enough for full batches, little enough to stay in memory
_MOST_BYTES: Final = 16 << 20
_LAST_SEQUENCE: Final = 2**62  # of a status that nobody but us writes for a writer
_HARMLESS: Final = frozenset({"hole", "checksum"})  # a record was never accepted, or can be read all the same
_DURABLE_EVERY_S: Final = 0.5
_SAVE_UPLOADS_EVERY_S: Final = 0.1

_Later: TypeAlias = LoggedVersion | StatusWrite  # what comes after all artifacts


def consumer(place: int) -> str:
    """Name the cursor of the destination at `place` of a waybill."""
    return f"backend-{place}"


@dataclass(frozen=True, slots=True)
class Connection:
    """How a channel reaches its backend.

    Attributes:
        connect: Gives the backend opened, with the run in it; may raise `Transient` and be called again.
        release: Lets go of what `connect` gave.
    """

    connect: Callable[[], Backend]
    release: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is under way: which slots, how many records, since when (UTC ns), artifacts to go next, by their slots."""

    covered: Ranges
    count: int
    since_ns: int
    artifacts: Mapping[int, LoggedArtifact] = field(default_factory=dict)
    versions: tuple[LoggedVersion, ...] = ()


class _Found(NamedTuple):
    """What one look at a journal found; some of it by slot, as it is delivered apart from the rest."""

    items: list[Item]
    artifacts: dict[int, LoggedArtifact]
    later: dict[int, _Later]
    since_ns: int


class Channel:
    """Delivers one journal to one backend; `work` is called by one thread at a time, the rest by any.

    Attributes:
        destination: The backend.
        ledger: What became of the records.
        retry_at: While the backend is down, the monotonic time of the next try; else 0.
        idle: All that could be read at the last look is delivered.
        done: The writer is gone, everything is delivered, and nothing will ever follow.
    """

    def __init__(
        self, directory: Path, place: int, waybill: Waybill, *, connection: Connection, board: Board, letters: Path
    ) -> None:
        self.destination: Destination = waybill.destinations[place]
        self.retry_at = 0.0
        self.idle = False
        self._directory = directory
        self._waybill = waybill
        self._connection = connection
        self._board = board
        self._numbers = place == waybill.numbering
        self._reader = JournalReader(directory)
        self._path = cursor_path(directory, consumer(place))
        self._delivered, self._progress = self._load()
        self.saved = self._delivered
        self.done = self._progress.done
        self.ledger = Ledger(
            self.destination.name,
            required=self.destination.required,
            letters=letters,
            before=self._progress.counts,
        )
        self._deliverer: Deliverer | None = None
        self._refused: TrackbridgeError | None = None
        self._plan: _Plan | None = None
        self._held: dict[int, _Later] = {}  # by slot: what has to wait for artifacts, or for a version's number
        self._uploads = Uploads(self._send_artifact, self.ledger)
        self._uploaded: list[LoggedArtifact] = []  # since the cursor was saved
        self._backoff = Backoff()
        self._durable_at = self._saved_at = 0.0
        self._waiting = False

    @property
    def is_down(self) -> bool:
        """Whether the last try failed, of artifacts or of anything else."""
        return self.retry_at > 0.0 or self._uploads.retry_at > 0.0

    def upload_beside(self, wake: Callable[[], object]) -> None:
        """Send artifacts on threads of their own from now on; `wake` is called when there is more to do for `work`."""
        self._uploads.wake = wake

    def rest_s(self) -> float:
        """Give the seconds until something that failed is tried again."""
        waits = [at - time.monotonic() for at in (self.retry_at, self._uploads.retry_at) if at]
        return max(0.0, min(waits, default=0.0))

    @property
    def seen(self) -> int:
        """How many slots are delivered or under way."""
        plan = self._plan
        planned = len(plan.covered) + len(plan.artifacts) if plan else 0
        return len(self._delivered) + planned + len(self._held) + len(self._uploads)

    def state(self) -> Delivery:
        """Give the state as a record; `queued` counts what is under way, not what nobody has read yet."""
        plan = self._plan
        queued = (plan.count if plan else 0) + len(self._held) + len(self._uploads)
        since = [at_ns for at_ns in (plan.since_ns if plan else 0, self._uploads.oldest_ns) if at_ns]
        return self.ledger.snapshot(queued, max(0.0, (time.time_ns() - min(since)) / 1e9) if since else None)

    def work(self, free: Callable[[LoggedArtifact], None], *, hurry: bool) -> None:
        """Deliver until nothing is left to read or the backend fails; then `retry_at` says when to come again.

        Args:
            free: Told of every artifact that this backend has.
            hurry: Somebody waits: what has failed is tried again at once.
        """
        if self.done:
            return
        self.idle = False
        try:
            if self._deliverer is None and self._refused is None:
                self._connect()
            self._upload(free, hurry=hurry)
            while self._plan or self._next():
                if self._deliverer:
                    self._deliverer.work()
                self._settle(free)
                self._upload(free, hurry=False)
        except Exception as error:  # noqa: BLE001 - nothing about a backend reaches the training loop (X2)
            self.ledger.retried(error)
            self.retry_at = time.monotonic() + self._backoff.after(error)
        else:
            self._backoff.reset()
            self.retry_at = 0.0
            self.idle = not (self._held or self._waiting or self._uploads)
            if self.saved != self._delivered and time.monotonic() >= self._durable_at:
                self._save_and_free(free)  # a writer that waits for room brings nothing that would

    def save(self, *, durable: bool) -> None:
        """Move the cursor on the disk to what is delivered."""
        self._progress.counts = self.ledger.counts()
        delivered = self._delivered
        try:
            save_cursor(self._path, Cursor(delivered, self._progress.encode()), durable=durable)
        except OSError as error:  # what it would have covered may be delivered twice, which is once (M2)
            _LOGGER.debug("the cursor %s could not be written: %s", self._path, error)
        else:
            if durable:
                self.saved = delivered

    def close(self) -> None:
        """Let go of the journal's files and of the backend."""
        if self._uploaded:  # their copies go with the journal
            self.save(durable=False)
        self._reader.close()
        self._connection.release()

    def _load(self) -> tuple[Ranges, Progress]:
        greatest = self._waybill.destinations[self._waybill.numbering].greatest
        try:
            cursor = load_cursor(self._path)
            if cursor.state:
                return cursor.delivered, Progress.decode(cursor.state)
        except (IntegrityError, KeyError, TypeError, ValueError, json.JSONDecodeError) as error:
            _LOGGER.warning("%s is damaged, so that all of its journal is delivered again: %s", self._path, error)
        return Ranges(), Progress(PointResolver(greatest))

    def _connect(self) -> None:
        try:
            backend = self._connection.connect()
        except TrackbridgeError as error:
            if may_recover(error):
                raise
            self._refused = error
            return
        # What went to a series of growing steps before a restart is not known one by one; no step can be greater.
        greatest = {**self.destination.greatest, **self._progress.resolver.greatest}
        self._deliverer = Deliverer(
            backend,
            self._waybill.header.id,
            self._reader.identity.writer,
            self.ledger,
            numbers=self._numbers,
            alone=not self._waybill.attached,
            greatest=greatest if len(self._delivered) else self.destination.greatest,
        )

    def _next(self) -> bool:
        """Plan what can be read; False if that is nothing."""
        more = True
        while more and (self._directory / OWNER_FILE).exists():  # deleted: the writer restores it, or nobody does
            planned, more = self._look()
            if planned:
                return True
        return False

    def _look(self) -> tuple[bool, bool]:
        """Plan what one look at the journal gives; tell whether that is something, and whether to look again."""
        known = self._delivered | _slots(self._held) | _slots(self._uploads.slots())
        batch = self._reader.read(known, limit=_MOST_ENTRIES, limit_bytes=_MOST_BYTES)
        for damage in batch.damage:
            self._report(damage)
        found = self._decoded(batch)
        self._held |= found.later
        ready = {} if found.artifacts else self._ready()
        covered = _without(batch.covered, _slots(self._held) | _slots(found.artifacts)) | _slots(ready)
        if found.items or ready:
            self._take(found, ready, covered)
            return True, False
        self._delivered |= covered
        self._waiting = batch.waiting
        return (False, True) if batch.more else (self._end(finished=batch.finished), False)

    def _decoded(self, batch: Batch) -> _Found:
        """Give the records of a batch, and when its first was logged."""
        items: list[Item] = []
        artifacts: dict[int, LoggedArtifact] = {}
        later: dict[int, _Later] = {}
        progress, resolve = self._progress, self._progress.resolver.resolve
        last_ns = progress.last_ns
        for entry in batch.entries:
            if isinstance(entry, RawPoint):
                _, name, value, step, time_ns, stamped = entry
                items.append(resolve((name, step, time_ns // 1_000_000, value, stamped)))
                if stamped and time_ns > last_ns:
                    last_ns = time_ns
                continue
            last_ns = max(last_ns, entry.time_ns)
            try:
                record = decode(entry.kind, entry.payload, self._directory)
            except IntegrityError as error:
                self.ledger.rejected(DeadLetter("record", str(entry.kind), error.message, error.clause), error)
                continue
            if isinstance(record, LoggedSeries):
                items += progress.resolver.resolve_series(record)
            elif isinstance(record, LoggedVersion):
                later[entry.slot] = record
            elif isinstance(record, StatusWrite) and record.status in ENDED:
                later[entry.slot] = record
                progress.ended = True
            else:
                items.append(record)
                if isinstance(record, LoggedArtifact):
                    artifacts[entry.slot] = record
        progress.last_ns = last_ns
        return _Found(items, artifacts, later, first_logged_ns(batch.entries) or time.time_ns())

    def _ready(self) -> dict[int, _Later]:
        """Take from what is held what can be delivered now: no artifact is left, a version's number is known or ours."""
        if self._uploads:
            return {}
        ready = {
            slot: record
            for slot, record in sorted(self._held.items())
            if self._numbers or isinstance(record, StatusWrite) or self._board.ticket(record.token).settled.is_set()
        }
        for slot in ready:
            del self._held[slot]
        return ready

    def _take(self, found: _Found, ready: Mapping[int, _Later], covered: Ranges) -> None:
        items = found.items + [record for record in ready.values() if isinstance(record, StatusWrite)]
        versions = tuple(record for record in ready.values() if isinstance(record, LoggedVersion))
        count = sum(map(count_of, items)) + len(versions)
        if self._deliverer is None:
            self._bury(count, versions)
            covered |= _slots(found.artifacts)
        else:
            self._deliverer.plan(items)
            for version in versions:
                self._deliverer.expect(version, self._board.ticket(version.token))
        self._plan = _Plan(covered, count, found.since_ns, found.artifacts, versions)

    def _bury(self, count: int, versions: Sequence[LoggedVersion]) -> None:
        """Refuse what is meant for a run that the backend itself refuses."""
        assert self._refused is not None
        error = self._refused
        if count:
            letter = DeadLetter("run", self._waybill.header.id, error.message, error.clause, count)
            self.ledger.rejected(letter, error)
        for version in versions:
            if self._numbers:
                self._board.ticket(version.token).fail(error)

    def _settle(self, free: Callable[[LoggedArtifact], None]) -> None:
        plan, self._plan = self._plan, None
        assert plan is not None
        self._delivered |= plan.covered
        if self._numbers:
            for version in plan.versions:
                self._board.keep(version.token)
        if self._deliverer is None:
            self._uploaded += plan.artifacts.values()
        else:
            for slot, artifact in plan.artifacts.items():
                self._uploads.add(slot, artifact)
        self._save_and_free(free)

    def _upload(self, free: Callable[[LoggedArtifact], None], *, hurry: bool) -> None:
        """Let artifacts go on; those that arrived count as delivered, one by one."""
        if not self._uploads:
            return
        settled = self._uploads.advance(hurry=hurry)
        self._delivered |= _slots(slot for slot, _ in settled)
        self._uploaded += [artifact for _, artifact in settled]
        late = time.monotonic() >= self._saved_at + _SAVE_UPLOADS_EVERY_S
        if self._uploaded and (late or not self._uploads):
            self._save_and_free(free)

    def _send_artifact(self, record: LoggedArtifact) -> None:
        assert self._deliverer is not None
        self._deliverer.upload(record)

    def _save_and_free(self, free: Callable[[LoggedArtifact], None]) -> None:
        self._saved_at = now = time.monotonic()
        durable = now >= self._durable_at
        if durable:
            self._durable_at = now + _DURABLE_EVERY_S
        self.save(durable=durable)
        uploaded, self._uploaded = self._uploaded, []
        for artifact in uploaded:
            free(artifact)

    def _end(self, *, finished: bool) -> bool:
        """Where the writer is gone, plan to say how its run ended, unless it did; True if there is a plan."""
        counters = self._reader.counters()
        self.ledger.missing(counters.dropped_points + counters.dropped_records)
        if not finished or self._held or self._uploads:
            return False
        progress = self._progress
        if progress.ended or self._waybill.attached:
            self.done = progress.done = True
            self.save(durable=False)
            return False
        header = self._waybill.header
        at_ns = progress.last_ns or header.started_ms * 1_000_000
        stamp = Stamp(at_ns, self._reader.identity.writer, _LAST_SEQUENCE)
        status = StatusWrite(self._waybill.epoch, "KILLED", at_ns // 1_000_000, stamp)
        progress.ended = True
        self._take(_Found([status], {}, {}, at_ns), {}, Ranges())
        return True

    def _report(self, damage: Damage) -> None:
        text = f"{self._directory.name}: {damage}"
        if damage.kind in _HARMLESS:
            _LOGGER.info("journal %s", text)
            return
        if damage.kind == "torn" and not self._reader.ended_cleanly():
            _LOGGER.warning("a call was under way when its process died: journal %s", text)
            return
        error = IntegrityError(text)
        self.ledger.rejected(DeadLetter("journal", damage.kind, text, "X2", damage.end - damage.first), error)


def _slots(slots: Iterable[int]) -> Ranges:
    return Ranges.of((slot, slot + 1) for slot in slots)


def _without(ranges: Ranges, holes: Ranges) -> Ranges:
    """Give `ranges` less `holes`."""
    return Ranges.of(gap for span in ranges.spans for gap in holes.gaps(*span))
