"""Senders: what takes a run's records from the training thread to the lanes.

A sender gives ``point`` and ``put`` to the run, and delivers on a worker thread per backend ("thread") or on the
calling thread ("inline"). Both keep records in memory; a process that is killed loses what is queued.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from trackbridge.errors import TrackbridgeError
from trackbridge.records.log import LoggedArtifact, LoggedPoint, LoggedSeries, LoggedVersion, LogRecord
from trackbridge.shipping.deliverer import Item
from trackbridge.shipping.delivery import Delivery
from trackbridge.shipping.lane import Lane, Route
from trackbridge.shipping.resolve import PointResolver
from trackbridge.shipping.versions import PendingVersion, Ticket

__all__ = ["InlineSender", "Outlet", "Sender", "SenderSpec", "ThreadSender", "open_sender"]

_INTERVAL_S: Final = 0.5  # how long a healthy record waits at most before it is sent
_MOST_WAITING: Final = 100_000  # points not yet looked at
_MOST_BLOCKED_S: Final = 5.0  # how long a caller is held up for a backend that cannot follow
_OPTIONAL_GRACE_S: Final = 1.0  # what `close` gives a healthy backend that is not required


@dataclass(frozen=True, slots=True)
class SenderSpec:
    """All that a sender is made of.

    Attributes:
        run_id: The run.
        writer: This writer's id, [a-z0-9].
        routes: The backends.
        alone: False for an attached process (R8).
    """

    run_id: str
    writer: str
    routes: tuple[Route, ...]
    alone: bool = True


class Outlet(Protocol):
    """Where a run hands its records over, and all that it knows of delivery."""

    def point(self, name: str, step: int | None, timestamp_ms: int, value: float, stamped: bool) -> None:
        """Take one checked point; this is the hot path."""

    def put(self, record: LogRecord) -> None:
        """Take one record of another kind."""

    def register(self, record: LoggedVersion) -> PendingVersion:
        """Take a model version; its number is known later."""

    def failure(self) -> TrackbridgeError | None:
        """Give the first thing that a required backend rejected."""

    def flush(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Deliver what was handed over before this call, for at most `timeout_s`; say how that went."""

    def close(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Deliver everything, for at most `timeout_s`, and stop; what is left then is not delivered."""


def open_sender(spec: SenderSpec, shipper: Literal["process", "thread", "inline"]) -> Sender:
    """Make the sender of a run; until there is a shipper process, "process" is served by threads."""
    return InlineSender(spec) if shipper == "inline" else ThreadSender(spec)


class Sender(ABC):
    """Takes records in, resolves them in order, and passes them to every lane."""

    def __init__(self, spec: SenderSpec) -> None:
        self._tickets: dict[str, Ticket] = {}
        numbering = next((route for route in spec.routes if route.required), spec.routes[0])
        self.lanes = tuple(
            Lane(route, spec.run_id, spec.writer, self._tickets, alone=spec.alone, numbers=route is numbering)
            for route in spec.routes
        )
        self._resolver = PointResolver(numbering.greatest)
        self._intake: deque[LoggedPoint | LogRecord] = deque()
        self._pumping = threading.Lock()
        self._staged: Counter[Path] = Counter()
        self._closed = False

    def point(self, name: str, step: int | None, timestamp_ms: int, value: float, stamped: bool) -> None:
        """Take one checked point; this is the hot path."""
        intake = self._intake
        intake.append((name, step, timestamp_ms, value, stamped))
        if len(intake) >= _MOST_WAITING:
            self._make_room()

    def put(self, record: LogRecord) -> None:
        """Take one record of another kind."""
        self._intake.append(record)

    def register(self, record: LoggedVersion) -> PendingVersion:
        """Take a model version; its number is known later."""
        ticket = self._tickets[record.token] = Ticket()
        self.put(record)
        return PendingVersion(ticket, self.flush)

    def failure(self) -> TrackbridgeError | None:
        """Give the first thing that a required backend rejected."""
        return next((lane.ledger.failure for lane in self.lanes if lane.route.required and lane.ledger.failure), None)

    @abstractmethod
    def flush(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Deliver what was handed over before this call, for at most `timeout_s`; say how that went."""

    @abstractmethod
    def close(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Deliver everything, for at most `timeout_s`, and stop; what is left then is not delivered."""

    @abstractmethod
    def _make_room(self) -> None:
        """Make the intake shorter, by whatever it takes."""

    def _pump(self, *, force: bool = False) -> bool:
        """Resolve what was taken in and offer it to the lanes; False if a lane asks to wait."""
        with self._pumping:
            if not force and any(lane.congested for lane in self.lanes):
                return False
            items: list[Item] = []
            for _ in range(len(self._intake)):
                record = self._intake.popleft()
                if isinstance(record, tuple):
                    items.append(self._resolver.resolve(record))
                elif isinstance(record, LoggedSeries):
                    items += self._resolver.resolve_series(record)
                else:
                    items.append(record)
                    if isinstance(record, LoggedArtifact) and record.staged:
                        self._staged[record.source] = len(self.lanes)
            if items:
                for lane in self.lanes:
                    lane.offer(items)
            return True

    def _done(self, artifact: LoggedArtifact) -> None:
        """Remove a staged file that no lane needs any more."""
        if not artifact.staged:
            return
        with self._pumping:
            self._staged[artifact.source] -= 1
            if self._staged[artifact.source] > 0:
                return
            del self._staged[artifact.source]
        artifact.source.unlink(missing_ok=True)

    def _marks(self) -> list[int]:
        self._pump(force=True)
        return [lane.accepted for lane in self.lanes]

    def _settled(self, marks: Sequence[int]) -> bool:
        """Tell whether every lane that is waited for has settled what it had taken on at `marks`."""
        return not self._intake and all(
            lane.accepted - lane.queued >= mark
            for lane, mark in zip(self.lanes, marks, strict=True)
            if lane.route.required
        )

    def _abandon(self) -> None:
        for lane in self.lanes:
            if lane.queued:
                lane.abandon(f"run closed before {lane.route.name} had the model version")


class InlineSender(Sender):
    """Delivers on the calling thread, a batch every half second or when one is full."""

    def __init__(self, spec: SenderSpec) -> None:
        super().__init__(spec)
        self._working = threading.RLock()
        self._due = 0.0

    def point(self, name: str, step: int | None, timestamp_ms: int, value: float, stamped: bool) -> None:
        """See `Sender.point`."""
        super().point(name, step, timestamp_ms, value, stamped)
        self._tick()

    def put(self, record: LogRecord) -> None:
        """See `Sender.put`."""
        super().put(record)
        self._tick()

    def flush(self, timeout_s: float) -> tuple[Delivery, ...]:
        """See `Sender.flush`."""
        if self._closed:
            return tuple(lane.state() for lane in self.lanes)
        deadline = time.monotonic() + timeout_s
        marks = self._marks()
        self._work(hurry=True)
        while not self._settled(marks) and (left := deadline - time.monotonic()) > 0:
            waits = [lane.retry_at - time.monotonic() for lane in self.lanes if lane.queued]
            time.sleep(min(left, max(0.01, min(waits, default=0.0))))
            self._work(hurry=False)
        return tuple(lane.state() for lane in self.lanes)

    def close(self, timeout_s: float) -> tuple[Delivery, ...]:
        """See `Sender.close`."""
        if not self._closed:
            self.flush(timeout_s)
            self._closed = True
            self._abandon()
            for lane in self.lanes:
                lane.route.release()
        return tuple(lane.state() for lane in self.lanes)

    def _make_room(self) -> None:
        self._pump(force=True)

    def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _INTERVAL_S
            self._work(hurry=False)

    def _work(self, *, hurry: bool) -> None:
        with self._working:
            self._pump(force=True)
            for lane in self.lanes:
                if hurry or time.monotonic() >= lane.retry_at:
                    lane.work(self._done)


class ThreadSender(Sender):
    """Delivers on one daemon thread per backend, so that one which is down or slow delays no other."""

    def __init__(self, spec: SenderSpec) -> None:
        super().__init__(spec)
        self._progress = threading.Condition()
        self._wakes = tuple(threading.Event() for _ in self.lanes)
        self._stopping = False
        self._threads = tuple(
            threading.Thread(target=self._run, args=pair, name=f"trackbridge-{pair[0].route.name}", daemon=True)
            for pair in zip(self.lanes, self._wakes, strict=True)
        )
        for thread in self._threads:
            thread.start()

    def flush(self, timeout_s: float) -> tuple[Delivery, ...]:
        """See `Sender.flush`."""
        if not self._closed:
            self._wait(time.monotonic() + timeout_s)
        return tuple(lane.state() for lane in self.lanes)

    def close(self, timeout_s: float) -> tuple[Delivery, ...]:
        """See `Sender.close`."""
        if self._closed:
            return tuple(lane.state() for lane in self.lanes)
        self._closed = True
        deadline = time.monotonic() + timeout_s
        self._wait(deadline)
        self._wait_for_optional(min(deadline, time.monotonic() + _OPTIONAL_GRACE_S))
        self._stopping = True
        self._hurry()
        for lane, thread in zip(self.lanes, self._threads, strict=True):
            if not lane.queued:
                thread.join(max(0.1, deadline - time.monotonic()))
        self._abandon()
        return tuple(lane.state() for lane in self.lanes)

    def _wait(self, deadline: float) -> None:
        marks = self._marks()
        self._hurry()
        with self._progress:
            self._progress.wait_for(lambda: self._settled(marks), max(0.0, deadline - time.monotonic()))

    def _wait_for_optional(self, deadline: float) -> None:
        def through() -> bool:
            return all(lane.is_down or not lane.queued for lane in self.lanes if not lane.route.required)

        with self._progress:
            self._progress.wait_for(through, max(0.0, deadline - time.monotonic()))

    def _hurry(self) -> None:
        for wake in self._wakes:
            wake.set()

    def _make_room(self) -> None:
        deadline = time.monotonic() + _MOST_BLOCKED_S
        while not self._pump(force=time.monotonic() >= deadline):
            self._hurry()
            with self._progress:
                self._progress.wait(0.1)
        self._hurry()

    def _run(self, lane: Lane, wake: threading.Event) -> None:
        try:
            while not self._stopping:
                self._pump()
                lane.work(self._done)
                with self._progress:
                    self._progress.notify_all()
                pause_s = max(_INTERVAL_S, lane.retry_at - time.monotonic())
                wake.wait(pause_s)
                wake.clear()
        finally:
            lane.route.release()
