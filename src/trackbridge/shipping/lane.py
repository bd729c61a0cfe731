"""One backend's way: its queue, its deliverer, and how long it is left alone while it is down."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trackbridge.errors import TrackbridgeError, Transient
from trackbridge.protocol import Backend
from trackbridge.records.log import LoggedArtifact, LoggedVersion
from trackbridge.records.metrics import MetricPoint
from trackbridge.shipping.deliverer import Deliverer, Item, count_of
from trackbridge.shipping.delivery import DeadLetter, Delivery, Ledger
from trackbridge.shipping.retry import Backoff, may_recover
from trackbridge.shipping.versions import Ticket

__all__ = ["Lane", "Route"]

_MOST_QUEUED: Final = 1_000_000
_LEAST_TAKEN: Final = 10_000  # items a plan gathers where they are there, so that batches are full


@dataclass(frozen=True, slots=True)
class Route:
    """How a sender reaches one backend.

    Attributes:
        name: The backend's name, or its URL without secrets.
        required: Whether `finish` waits for it.
        connect: Gives the backend opened, with the run in it; may raise `Transient` and be called again.
        release: Lets go of what `connect` gave.
        greatest: The greatest step of each series that the backend has already.
    """

    name: str
    required: bool
    connect: Callable[[], Backend]
    release: Callable[[], None]
    greatest: Mapping[str, int]


class Lane:
    """Delivers one run's records to one backend; `work` is called by one thread at a time, the rest by any.

    Attributes:
        ledger: What became of the records.
        numbers: Whether this backend numbers model versions.
        retry_at: While the backend is down, the monotonic time of the next try; else 0.
        accepted: Records taken on so far.
    """

    def __init__(
        self, route: Route, run_id: str, writer: str, tickets: Mapping[str, Ticket], *, alone: bool, numbers: bool
    ) -> None:
        self.route = route
        self.ledger = Ledger(route.name, required=route.required)
        self.numbers = numbers
        self.retry_at = 0.0
        self.accepted = 0
        self._run_id = run_id
        self._writer = writer
        self._tickets = tickets
        self._alone = alone
        self._lock = threading.Lock()
        self._chunks: deque[_Chunk] = deque()
        self._deliverer: Deliverer | None = None
        self._refused: TrackbridgeError | None = None
        self._plan: _Chunk | None = None
        self._backoff = Backoff()

    @property
    def queued(self) -> int:
        """Records that are not settled yet."""
        with self._lock:
            waiting = sum(chunk.count for chunk in self._chunks) + (self._plan.count if self._plan else 0)
        return waiting + (self._deliverer.waiting if self._deliverer else 0)

    @property
    def is_down(self) -> bool:
        """Whether the last try failed."""
        return self.retry_at > 0.0

    @property
    def congested(self) -> bool:
        """Whether the queue is full of what will be delivered if the caller waits."""
        return self.route.required and not self.is_down and self.queued >= _MOST_QUEUED

    def state(self) -> Delivery:
        """Give the state as a record."""
        with self._lock:
            since = self._plan.since if self._plan else (self._chunks[0].since if self._chunks else None)
        return self.ledger.snapshot(self.queued, None if since is None else time.monotonic() - since)

    def offer(self, items: Sequence[Item]) -> None:
        """Take records on; points that find no room are dropped and counted, nothing else ever is."""
        if self.queued >= _MOST_QUEUED:
            kept = [item for item in items if not isinstance(item, MetricPoint)]
            if len(kept) < len(items):
                self.ledger.dropped(len(items) - len(kept))
            items = kept
        if items:
            chunk = _Chunk(time.monotonic(), tuple(items), sum(map(count_of, items)))
            with self._lock:
                self.accepted += chunk.count
                self._chunks.append(chunk)

    def work(self, done: Callable[[LoggedArtifact], None]) -> None:
        """Deliver until nothing is left or the backend fails; then `retry_at` says when to come again.

        Args:
            done: Told of every artifact whose file is needed no more.
        """
        try:
            if self._deliverer is None and self._refused is None:
                self._connect()
            while self._plan or self._take():
                if self._deliverer:
                    self._deliverer.work()
                self._finish_plan(done)
            if self._deliverer:
                self._deliverer.work()  # versions whose number has become known
        except Exception as error:  # noqa: BLE001 - nothing about a backend reaches the training loop (X2)
            self.ledger.retried(error)
            self.retry_at = time.monotonic() + self._backoff.after(error)
        else:
            self._backoff.reset()
            self.retry_at = 0.0

    def abandon(self, reason: str) -> None:
        """Tell those who wait for a model version that it will not come from here."""
        if self.numbers:
            for ticket in list(self._tickets.values()):
                if not ticket.settled.is_set():
                    ticket.fail(Transient(reason, clause="G2", remedy="Register the artifact again."))

    def _connect(self) -> None:
        try:
            backend = self.route.connect()
        except TrackbridgeError as error:
            if may_recover(error):
                raise
            self._refused = error
            return
        self._deliverer = Deliverer(
            backend,
            self._run_id,
            self._writer,
            self.ledger,
            numbers=self.numbers,
            alone=self._alone,
            greatest=self.route.greatest,
        )

    def _take(self) -> bool:
        """Plan what is queued, or refuse it where the backend refuses the run itself."""
        items: list[Item] = []
        with self._lock:
            since = self._chunks[0].since if self._chunks else 0.0
            while self._chunks and len(items) < _LEAST_TAKEN:
                items += self._chunks.popleft().items
            if not items:
                return False
            records = [item for item in items if not isinstance(item, LoggedVersion)]
            self._plan = _Chunk(since, tuple(records), sum(map(count_of, records)))
        versions = [item for item in items if isinstance(item, LoggedVersion)]
        if self._deliverer is None:
            self._bury(self._plan.count + len(versions), versions)
            return True
        self._deliverer.plan(records)
        for version in versions:
            self._deliverer.expect(version, self._tickets[version.token])
        return True

    def _bury(self, count: int, versions: Sequence[LoggedVersion]) -> None:
        assert self._refused is not None
        error = self._refused
        self.ledger.rejected(DeadLetter("run", self._run_id, error.message, error.clause, count), error)
        for version in versions:
            if self.numbers:
                self._tickets[version.token].fail(error)

    def _finish_plan(self, done: Callable[[LoggedArtifact], None]) -> None:
        with self._lock:
            plan, self._plan = self._plan, None
        for item in plan.items if plan else ():
            if isinstance(item, LoggedArtifact):
                done(item)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Records that were handed over together: `since` is monotonic, `count` as records count."""

    since: float
    items: tuple[Item, ...]
    count: int
