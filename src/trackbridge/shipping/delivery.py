"""What became of the records handed over: counters, dead letters, and what is said in the log (X2)."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from trackbridge.errors import TrackbridgeError
from trackbridge.records.times import iso, now_ms
from trackbridge.redaction import redact_text, redacted_logger
from trackbridge.shipping.progress import Counts

__all__ = ["DeadLetter", "Delivery", "Ledger"]

_LOGGER: Final = redacted_logger("trackbridge")
_KEPT_LETTERS: Final = 1_000
_LOG_INTERVAL_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something that can never be delivered, and why; `kind` says what: "param", "tag", "point", "artifact" and so on."""

    kind: str
    name: str
    reason: str
    clause: str | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """How delivery to one backend stands.

    Attributes:
        backend: Its name, or its URL without secrets.
        required: Whether `finish` waits for it.
        queued: Records not yet delivered; points and params count one each.
        delivered: Records delivered.
        retried: Calls that were tried again.
        rejected: Records that became dead letters.
        dropped: Records that the journal had no room for.
        oldest_s: The age of the oldest queued record in seconds; None for none.
        error: The last error, None while all is well.
        dead_letters: The latest of what was rejected.
    """

    backend: str
    required: bool
    queued: int = 0
    delivered: int = 0
    retried: int = 0
    rejected: int = 0
    dropped: int = 0
    oldest_s: float | None = None
    error: str | None = None
    dead_letters: tuple[DeadLetter, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all that was handed over has arrived."""
        return not (self.queued or self.rejected or self.dropped)

    @property
    def summary(self) -> str:
        """What did not arrive, in words."""
        parts = [f"{count} {what}" for what in ("queued", "rejected", "dropped") if (count := getattr(self, what))]
        letters = [f"{letter.kind} {letter.name!r}: {letter.reason}" for letter in self.dead_letters[:3]]
        return "; ".join([", ".join(parts) or "all delivered", *letters, *([self.error] if self.error else [])])


class Ledger:
    """Counts what happens to one backend's records; thread-safe, and says aloud only so much.

    Args:
        backend: Its name.
        required: Whether `finish` waits for it.
        letters: The file that dead letters are added to, a JSON object a line; none where nobody is to keep them.
        before: What an earlier shipper of the same journal counted.
    """

    def __init__(
        self, backend: str, *, required: bool, letters: Path | None = None, before: Counts | None = None
    ) -> None:
        before = before or Counts()
        self.backend = backend
        self.required = required
        self.failure: TrackbridgeError | None = None
        self._lock = threading.Lock()
        self._file = letters
        self._delivered, self._retried, self._rejected = before.delivered, before.retried, before.rejected
        self._dropped = 0
        self._error: str | None = None
        self._letters: deque[DeadLetter] = deque(maxlen=_KEPT_LETTERS)
        self._silent_until = 0.0
        self._unsaid = 0

    def delivered(self, count: int) -> None:
        """Count records that arrived."""
        with self._lock:
            self._delivered += count
            self._error = None

    def retried(self, error: BaseException) -> None:
        """Count a call that will be tried again."""
        with self._lock:
            self._retried += 1
            self._error = _describe(error)
        self._say(f"{self.backend} did not take a write and is tried again: {_describe(error)}")

    def rejected(self, letter: DeadLetter, error: TrackbridgeError) -> None:
        """Keep a dead letter, without what a backend's answer may show of secrets; the first error is what a strict run raises."""
        letter = replace(letter, reason=redact_text(letter.reason))
        with self._lock:
            self._rejected += letter.count
            self._letters.append(letter)
            self.failure = self.failure or error
            self._keep(letter)
        clause = f" [{letter.clause}]" if letter.clause else ""
        count = f" ({letter.count} records)" if letter.count > 1 else ""
        self._say(f"{self.backend} rejected {letter.kind} {letter.name!r}{count}: {letter.reason}{clause}")

    def dropped(self, count: int) -> None:
        """Count points that found no room."""
        with self._lock:
            self._dropped += count
        self._say(f"{count} points for {self.backend} were dropped: it is down and the queue is full")

    def missing(self, count: int) -> None:
        """Say how many records the journal had no room for, in all."""
        with self._lock:
            self._dropped = count

    def counts(self) -> Counts:
        """Give what a later shipper of the same journal goes on from."""
        with self._lock:
            return Counts(self._delivered, self._retried, self._rejected)

    def snapshot(self, queued: int, oldest_s: float | None) -> Delivery:
        """Give the state as a record."""
        with self._lock:
            return Delivery(
                self.backend,
                self.required,
                queued,
                self._delivered,
                self._retried,
                self._rejected,
                self._dropped,
                oldest_s,
                self._error,
                tuple(self._letters),
            )

    def _keep(self, letter: DeadLetter) -> None:
        if self._file is None:
            return
        line = {"time": iso(now_ms()), "backend": self.backend, **asdict(letter)}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            _LOGGER.debug("a dead letter could not be written to %s: %s", self._file, error)

    def _say(self, text: str) -> None:
        now = time.monotonic()
        with self._lock:
            if now < self._silent_until:
                self._unsaid += 1
                return
            unsaid, self._unsaid = self._unsaid, 0
            self._silent_until = now + _LOG_INTERVAL_S
        _LOGGER.warning("%s%s", text, f" ({unsaid} messages like this were not shown)" if unsaid else "")


def _describe(error: BaseException) -> str:
    return redact_text(str(error) if isinstance(error, TrackbridgeError) else f"{type(error).__name__}: {error}")
