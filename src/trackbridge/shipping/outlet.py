"""Where a run hands its records over: the journal, and whoever delivers it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from trackbridge.errors import TrackbridgeError, Transient
from trackbridge.journal import JournalOptions, JournalWriter, find_journals, is_alive
from trackbridge.records.log import LoggedVersion, LogRecord
from trackbridge.records.models import ModelVersion
from trackbridge.records.writes import StatusWrite
from trackbridge.redaction import redacted_logger
from trackbridge.shipping.codec import encode
from trackbridge.shipping.crew import Crew, InlineCrew
from trackbridge.shipping.delivery import Delivery
from trackbridge.shipping.versions import PendingVersion, Ticket
from trackbridge.shipping.waybill import Waybill

__all__ = ["JournalOutlet", "LogPoints", "Outlet", "TakeOn"]

LogPoints: TypeAlias = Callable[..., None]
TakeOn: TypeAlias = Callable[[Path], Crew | None]

_LOGGER: Final = redacted_logger("trackbridge")
_CHILD_EXIT_TIMEOUT_S: Final = 60.0
_SLICE_S: Final = 0.25


class Outlet(Protocol):
    """Where a run hands its records over, and all that it knows of delivery.

    `refuse` is told of a point that can never be right. `log_metric` takes (name, value, step, *, timestamp) and checks
    them: it is the hot path; `log_metrics` takes (metrics, step, *, timestamp).
    """

    refuse: Callable[[TrackbridgeError], None]
    log_metric: LogPoints
    log_metrics: LogPoints

    @property
    def directory(self) -> Path | None:
        """Where what is not delivered lies; None where nothing is kept."""

    def place(self) -> Path | None:
        """Give the folder that copies of files go to; None where nothing is to be kept."""

    def admit(self, size_bytes: int) -> bool:
        """Make room for a copy of that size; False if there is none, and what finds no room is dropped and counted."""

    def put(self, record: LogRecord) -> None:
        """Take one record of another kind."""

    def register(self, record: LoggedVersion) -> PendingVersion:
        """Take a model version; its number is known later."""

    def failure(self) -> TrackbridgeError | None:
        """Give the first thing that a required backend rejected."""

    def state(self) -> tuple[Delivery, ...]:
        """Say how delivery stands."""

    def flush(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Deliver what was handed over before this call, for at most `timeout_s`; say how that went."""

    def close(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Deliver everything, for at most `timeout_s`, and stop; what is left then is delivered by others."""

    def become_child(self) -> None:
        """Forget, in a process that was just forked, what is the parent's."""


class JournalOutlet:
    """Writes a journal, which outlives the process, and lets a crew deliver it.

    In a forked child nothing of the parent's is used: the child's journal comes to be with its first record, and a
    crew of its own with that. A child of `multiprocessing` delivers before it leaves; what one that leaves by
    ``os._exit`` has logged is delivered by whoever finds its journal.

    Args:
        root: The journal root.
        writer: This writer's id.
        waybill: What goes where.
        options: How the journal is kept.
        take_on: Finds somebody to deliver a journal: None where nobody here does.

    Attributes:
        refuse: What to do with a point that can never be right; it is raised by default.

    Raises:
        ConfigurationError: no journal can be kept there.
    """

    def __init__(self, root: Path, writer: str, waybill: Waybill, *, options: JournalOptions, take_on: TakeOn) -> None:
        self.refuse: Callable[[TrackbridgeError], None] = _raise
        self._root = root
        self._waybill = waybill
        self._take_on = take_on
        self._lock = threading.RLock()
        self._tickets: dict[str, Ticket] = {}
        self._last: tuple[Delivery, ...] | None = None
        self._writer = JournalWriter(
            root,
            waybill.header.id,
            writer=writer,
            options=options,
            refuse=self._refuse,
            opened=self._opened,
            waiting=self._drain,
            extra=waybill.encode(),
        )
        self._crew = take_on(self._writer.directory)
        self.log_metric: LogPoints = self._writer.log_metric
        self.log_metrics: LogPoints = self._writer.log_metrics
        if waybill.host == "inline":
            self.log_metric = _then(self._writer.log_metric, self._tick)
            self.log_metrics = _then(self._writer.log_metrics, self._tick)

    @property
    def directory(self) -> Path:
        """See `Outlet.directory`."""
        return self._writer.directory

    def place(self) -> Path:
        """See `Outlet.place`."""
        return self._writer.place()

    def admit(self, size_bytes: int) -> bool:
        """See `Outlet.admit`."""
        return self._writer.admit(size_bytes)

    def put(self, record: LogRecord) -> None:
        """See `Outlet.put`."""
        for kind, payload in encode(record, self._writer.directory):
            self._writer.append(kind, payload, essential=isinstance(record, StatusWrite))
        self._tick()

    def register(self, record: LoggedVersion) -> PendingVersion:
        """See `Outlet.register`."""
        with self._lock:
            ticket = self._tickets[record.token] = Ticket()
        self.put(record)
        return PendingVersion(ticket, lambda timeout_s: self._hurry(ticket, timeout_s))

    def failure(self) -> TrackbridgeError | None:
        """See `Outlet.failure`."""
        return self._crew.failure() if self._crew else None

    def state(self) -> tuple[Delivery, ...]:
        """See `Outlet.state`."""
        if self._last is not None:
            return self._last
        stats = self._writer.stats
        dropped = stats.dropped_points + stats.dropped_records
        deliveries, seen = self._crew.progress() if self._crew else ((), ())
        if not deliveries:
            return tuple(
                Delivery(each.name, each.required, queued=stats.accepted, dropped=dropped)
                for each in self._waybill.destinations
            )
        return tuple(
            replace(each, queued=each.queued + max(0, stats.accepted - slots), dropped=max(each.dropped, dropped))
            for each, slots in zip(deliveries, seen, strict=True)
        )

    def flush(self, timeout_s: float) -> tuple[Delivery, ...]:
        """See `Outlet.flush`."""
        if self._last is None and self._crew:
            self._crew.flush(timeout_s)
            self._collect()
        return self.state()

    def close(self, timeout_s: float) -> tuple[Delivery, ...]:
        """See `Outlet.close`."""
        if self._last is not None:
            return self._last
        self._writer.close()
        if self._crew:
            deadline = time.monotonic() + timeout_s
            self._crew.close(timeout_s)
            self._collect()
            if not self._waybill.attached:
                self._deliver_orphans(deadline)
        deliveries = self.state()
        with self._lock:
            self._last = deliveries
            open_tickets = [ticket for ticket in self._tickets.values() if not ticket.settled.is_set()]
        for ticket in open_tickets:
            ticket.fail(
                Transient(
                    f"run {self._waybill.header.id} closed before the backend had the model version",
                    clause="G2",
                    remedy="It comes to be when the journal is delivered: trackbridge sync.",
                )
            )
        return deliveries

    def become_child(self) -> None:
        """See `Outlet.become_child`."""
        self._lock = threading.RLock()
        self._crew, self._tickets, self._last = None, {}, None

    def _opened(self) -> None:
        """Find a crew for the journal that this child has just begun."""
        self._crew = self._take_on(self._writer.directory)
        # Children of multiprocessing leave by os._exit, past atexit, but run its own finalizers.
        process, util = sys.modules.get("multiprocessing.process"), sys.modules.get("multiprocessing.util")
        if process and util and process.parent_process() is not None:
            util.Finalize(None, self.close, args=(_CHILD_EXIT_TIMEOUT_S,), exitpriority=100)

    def _refuse(self, error: TrackbridgeError) -> None:
        self.refuse(error)

    def _tick(self) -> None:
        if isinstance(self._crew, InlineCrew):
            self._crew.tick()

    def _drain(self) -> None:
        if isinstance(self._crew, InlineCrew):
            self._crew.drain()

    def _hurry(self, ticket: Ticket, timeout_s: float) -> None:
        """Wait for a model version, whatever else is slow."""
        deadline = time.monotonic() + timeout_s
        while True:
            left = max(0.0, deadline - time.monotonic())
            if self._last is None and self._crew:
                self._crew.flush(min(left, _SLICE_S))
                self._collect()
            if ticket.settled.is_set() or left == 0.0 or self._crew is None:
                return

    def _deliver_orphans(self, deadline: float) -> None:
        """Deliver what forked children have left that went by ``os._exit``."""
        for directory in find_journals(self._root, self._waybill.header.id):
            if directory != self._writer.directory and not is_alive(directory) and (crew := self._take_on(directory)):
                crew.close(max(0.0, deadline - time.monotonic()))

    def _collect(self) -> None:
        """Hear what became of the model versions."""
        with self._lock:
            waiting = [(token, ticket) for token, ticket in self._tickets.items() if not ticket.settled.is_set()]
        for token, ticket in waiting:
            answer = self._crew.version(token) if self._crew else None
            if isinstance(answer, ModelVersion):
                ticket.give(answer)
            elif answer is not None:
                ticket.fail(answer)


def _then(log: LogPoints, after: Callable[[], None]) -> LogPoints:
    def call(*args: Any, **kwargs: Any) -> None:
        log(*args, **kwargs)
        after()

    return call


def _raise(error: TrackbridgeError) -> None:
    raise error
