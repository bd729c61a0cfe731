"""Who works a consignment: the calling thread, or one thread a backend. The same channels, in every host."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from typing import Final, NamedTuple, Protocol

from trackbridge.errors import TrackbridgeError
from trackbridge.records.models import ModelVersion
from trackbridge.shipping.channel import Channel
from trackbridge.shipping.consignment import Consignment
from trackbridge.shipping.delivery import Delivery

__all__ = ["Crew", "InlineCrew", "Progress", "ThreadCrew"]

_INTERVAL_S: Final = 0.5  # how long a healthy record waits at most before it is read
_OPTIONAL_GRACE_S: Final = 1.0  # what the end of a run gives a healthy backend that is not required
_FAREWELL_S: Final = 0.1


class Progress(NamedTuple):
    """How delivery stands: of what was read so far, and how many slots of the journal each backend has read."""

    deliveries: tuple[Delivery, ...]
    seen: tuple[int, ...]


class Crew(Protocol):
    """Delivers one journal."""

    def flush(self, timeout_s: float) -> None:
        """Deliver what was logged before this call to the required backends, for at most `timeout_s`."""

    def close(self, timeout_s: float) -> None:
        """Deliver everything, for at most `timeout_s`, and let go; what is left stays in the journal."""

    def progress(self) -> Progress:
        """Give how delivery stands."""

    def failure(self) -> TrackbridgeError | None:
        """Give the first thing that a required backend rejected."""

    def version(self, token: str) -> ModelVersion | TrackbridgeError | None:
        """Give what became of a model version."""


class _Crew(ABC):
    """What the crews of this process have in common."""

    def __init__(self, consignment: Consignment) -> None:
        self.consignment = consignment

    @abstractmethod
    def flush(self, timeout_s: float) -> None:
        """See `Crew.flush`."""

    @abstractmethod
    def close(self, timeout_s: float) -> None:
        """See `Crew.close`."""

    def progress(self) -> Progress:
        """See `Crew.progress`."""
        return Progress(self.consignment.state(), self.consignment.seen)

    def failure(self) -> TrackbridgeError | None:
        """See `Crew.failure`."""
        return self.consignment.failure()

    def version(self, token: str) -> ModelVersion | TrackbridgeError | None:
        """See `Crew.version`."""
        return self.consignment.version(token)


class InlineCrew(_Crew):
    """Delivers on the calling thread, a batch every half second."""

    def __init__(self, consignment: Consignment) -> None:
        super().__init__(consignment)
        self._working = threading.RLock()
        self._due = time.monotonic() + _INTERVAL_S
        self._closed = False

    def tick(self) -> None:
        """Deliver if it is time; called after each record."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + _INTERVAL_S
            self._work(hurry=False)

    def drain(self) -> None:
        """Deliver now: a call waits for room in the journal."""
        self._work(hurry=False)

    def flush(self, timeout_s: float) -> None:
        """See `Crew.flush`."""
        deadline = time.monotonic() + timeout_s
        self._work(hurry=True)
        while self._waits() and (left := deadline - time.monotonic()) > 0:
            waits = [channel.rest_s() for channel in self._channels if not channel.idle]
            time.sleep(min(left, max(0.01, min(waits, default=0.0))))
            self._work(hurry=False)

    def close(self, timeout_s: float) -> None:
        """See `Crew.close`."""
        if self._closed:
            return
        self.flush(timeout_s)
        self._closed = True
        for channel in self._channels:
            channel.close()
        self.consignment.release()

    @property
    def _channels(self) -> tuple[Channel, ...]:
        return self.consignment.channels

    def _waits(self) -> bool:
        return any(channel.destination.required and not (channel.idle or channel.done) for channel in self._channels)

    def _work(self, *, hurry: bool) -> None:
        if self._closed:
            return
        with self._working:
            for channel in self._channels:
                if hurry or time.monotonic() >= channel.retry_at:
                    self.consignment.work(channel, hurry=hurry)


class ThreadCrew(_Crew):
    """Delivers on one daemon thread per backend, so that one which is down or slow delays no other.

    Attributes:
        over: The consignment was let go: all is delivered, or the crew was told to stop.
    """

    def __init__(self, consignment: Consignment) -> None:
        super().__init__(consignment)
        self._progress = threading.Condition()
        self._stopping = False
        self._hands = tuple(_Hand(channel) for channel in consignment.channels)
        self._left = len(self._hands)
        self.over = not self._hands
        if self.over:
            consignment.release()
        for hand in self._hands:
            hand.channel.upload_beside(hand.wake.set)
            hand.thread = threading.Thread(
                target=self._run, args=(hand,), name=f"trackbridge-{hand.channel.destination.name}", daemon=True
            )
            hand.thread.start()

    def flush(self, timeout_s: float) -> None:
        """See `Crew.flush`."""
        deadline = time.monotonic() + timeout_s
        marks = {hand: hand.ask() for hand in self._hands if hand.channel.destination.required}
        with self._progress:
            self._progress.wait_for(
                lambda: all(hand.served >= mark for hand, mark in marks.items()), max(0.0, deadline - time.monotonic())
            )

    def close(self, timeout_s: float) -> None:
        """See `Crew.close`."""
        self.settle(timeout_s)
        self.stop()
        for hand in self._hands:
            hand.join(_FAREWELL_S if hand.channel.is_down or hand.served < hand.asked else None)

    def settle(self, timeout_s: float) -> None:
        """Deliver all of a journal whose writer is gone, for at most `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        for hand in self._hands:
            hand.ask()
        self._wait([hand for hand in self._hands if hand.channel.destination.required], deadline)
        optional = [hand for hand in self._hands if not hand.channel.destination.required]
        self._wait(optional, min(deadline, time.monotonic() + _OPTIONAL_GRACE_S), unless_down=True)

    def stop(self) -> None:
        """Let every thread go home after what it is at."""
        self._stopping = True
        for hand in self._hands:
            hand.wake.set()

    def _wait(self, hands: list[_Hand], deadline: float, *, unless_down: bool = False) -> None:
        def through() -> bool:
            return self.consignment.gone or all(
                hand.channel.done or (unless_down and hand.channel.is_down) for hand in hands
            )

        with self._progress:
            self._progress.wait_for(through, max(0.0, deadline - time.monotonic()))

    def _run(self, hand: _Hand) -> None:
        channel = hand.channel
        try:
            while not self._stopping:
                asked, hurry = hand.asked, hand.asked > hand.heard
                hand.heard = asked
                self.consignment.work(channel, hurry=hurry)
                with self._progress:
                    if channel.idle:
                        hand.served = asked
                    self._progress.notify_all()
                if channel.done:
                    break
                hand.wake.wait(max(_INTERVAL_S, channel.retry_at - time.monotonic()))
                hand.wake.clear()
        finally:
            self._leave(hand)

    def _leave(self, hand: _Hand) -> None:
        hand.channel.close()
        with self._progress:
            hand.served = max(hand.served, hand.asked if hand.channel.done else 0)
            self._left -= 1
            last = self._left == 0
        if last:
            self.consignment.release()
            self.over = True
        with self._progress:
            self._progress.notify_all()


class _Hand:
    """One thread of a crew: how often it was asked to hurry, and the last time it had delivered all that was there."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.wake = threading.Event()
        self.asked = self.heard = 0
        self.served = -1
        self.thread: threading.Thread | None = None

    def ask(self) -> int:
        """Ask for all that is there now; `served` reaches the number that is given once it is delivered."""
        self.asked += 1
        self.wake.set()
        return self.asked

    def join(self, timeout_s: float | None) -> None:
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(timeout_s)
