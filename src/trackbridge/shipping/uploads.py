"""Artifacts on their way beside everything else: several at once, each settled and tried again by itself."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Final

from trackbridge.errors import Rejected, TrackbridgeError
from trackbridge.records.log import LoggedArtifact
from trackbridge.shipping.delivery import DeadLetter, Ledger
from trackbridge.shipping.retry import Backoff, may_recover

__all__ = ["MOST_ODD", "Uploads"]

MOST_ODD: Final = 5  # tries of what fails as no adapter should, before it is given up
_AT_ONCE: Final = 4


class Uploads:
    """The artifacts that one backend does not have yet; all but what it starts happens on one thread at a time.

    Each is known by its slot in the journal. Of two whose paths are in each other's way the later one waits (A1, A3).

    Args:
        send: Sends one to the backend; on threads of its own once there is a `wake`, else on the calling one.
        ledger: Told what became of each.

    Attributes:
        retry_at: While one could not be sent, the monotonic time of the next try of all; else 0.
        oldest_ns: When the oldest of them was logged, by the wall clock; 0 for none.
        wake: Called, on any thread, when one is through.
    """

    def __init__(self, send: Callable[[LoggedArtifact], None], ledger: Ledger) -> None:
        self.retry_at = 0.0
        self.oldest_ns = 0
        self.wake: Callable[[], object] | None = None
        self._send = send
        self._ledger = ledger
        self._backoff = Backoff()
        self._waiting: dict[int, LoggedArtifact] = {}
        self._again: dict[int, LoggedArtifact] = {}
        self._under_way: dict[int, LoggedArtifact] = {}
        self._through: deque[tuple[int, Exception | None]] = deque()
        self._odd: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._waiting) + len(self._again) + len(self._under_way)

    def slots(self) -> Iterator[int]:
        """Give the slots of all that are not settled."""
        return chain(self._under_way, self._again, self._waiting)

    def add(self, slot: int, record: LoggedArtifact) -> None:
        """Take one on, after all that were taken on before."""
        self._waiting[slot] = record

    def advance(self, *, hurry: bool) -> list[tuple[int, LoggedArtifact]]:
        """Start as many as may be sent at once; give those that are settled, delivered or given up, since the last call.

        Args:
            hurry: Try again at once what has failed.
        """
        settled = self._collect()
        if hurry:
            self.retry_at = 0.0
        while len(self._under_way) < _AT_ONCE and time.monotonic() >= self.retry_at:
            slot = self._startable()
            if slot is None:
                break
            record = self._again.pop(slot, None) or self._waiting.pop(slot)
            self._under_way[slot] = record
            if self.wake is None:
                self._upload(slot, record)
                settled += self._collect()
            else:
                threading.Thread(
                    target=self._upload, args=(slot, record), name="trackbridge-upload", daemon=True
                ).start()
        first = chain(self._under_way.values(), islice(self._again.values(), 1), islice(self._waiting.values(), 1))
        self.oldest_ns = min((record.stamp.wall_ns for record in first), default=0)
        return settled

    def _startable(self) -> int | None:
        earlier = list(self._under_way.values())
        for slot, record in chain(self._again.items(), self._waiting.items()):
            if not any(_clash(record.path, other.path) for other in earlier):
                return slot
            earlier.append(record)
        return None

    def _upload(self, slot: int, record: LoggedArtifact) -> None:
        try:
            self._send(record)
        except Exception as error:  # noqa: BLE001 - looked at by `_collect`
            self._through.append((slot, error))
        else:
            self._through.append((slot, None))
        if self.wake is not None:
            self.wake()

    def _collect(self) -> list[tuple[int, LoggedArtifact]]:
        settled = []
        while self._through:
            slot, error = self._through.popleft()
            record = self._under_way.pop(slot)
            if error is None:
                self._ledger.delivered(1)
                self._backoff.reset()
                self.retry_at = 0.0
            elif may_recover(error) and not self._is_hopeless(slot, error):
                self._ledger.retried(error)
                self._again[slot] = record
                self.retry_at = time.monotonic() + self._backoff.after(error)
                continue
            else:
                self._bury(record, error)
            self._odd.pop(slot, None)
            settled.append((slot, record))
        return settled

    def _is_hopeless(self, slot: int, error: Exception) -> bool:
        if isinstance(error, TrackbridgeError):
            return False
        self._odd[slot] = self._odd.get(slot, 0) + 1
        return self._odd[slot] >= MOST_ODD

    def _bury(self, record: LoggedArtifact, error: Exception) -> None:
        if not isinstance(error, TrackbridgeError):
            text = f"the adapter failed {MOST_ODD} times: {type(error).__name__}: {error}"
            error = Rejected(text, clause="X1")
        self._ledger.rejected(DeadLetter("artifact", record.path, error.message, error.clause), error)


def _clash(one: str, other: str) -> bool:
    """Tell whether two paths are the same, or one a folder on the way to the other."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
