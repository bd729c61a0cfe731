"""One unit, tried until it succeeds, fails for good, or patience has run out; whatever it raises becomes an outcome."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from trackbridge.errors import Transient
from trackbridge.migration.outcomes import Kind, Outcome, failure_of
from trackbridge.shipping.retry import Backoff

__all__ = ["PATIENCE_S", "Patience", "attempt"]

PATIENCE_S: Final = 120.0
_FIRST_S: Final = 0.3
_MOST_S: Final = 10.0  # what has arrived is not sent again, so that to ask soon costs little


class Patience:
    """How long failures that may pass are waited out, over all units: while nothing succeeds, not once for each.

    Args:
        total_s: From the first failure after a success on.
    """

    def __init__(self, total_s: float = PATIENCE_S) -> None:
        self.total_s = total_s
        self._since: float | None = None
        self._lock = threading.Lock()

    def succeeded(self) -> None:
        """Begin anew."""
        with self._lock:
            self._since = None

    def left_s(self) -> float:
        """Give the seconds that are left after one more failure."""
        with self._lock:
            now = time.monotonic()
            self._since = now if self._since is None else self._since
            return self._since + self.total_s - now


def attempt(kind: Kind, key: str, carry: Callable[[], Outcome], patience: Patience) -> Outcome:
    """Do one unit, which to do again changes nothing.

    Args:
        kind: What it is.
        key: A run's id, or a name.
        carry: Does it.
        patience: Shared by all units of a process.
    """
    begin, backoff = time.monotonic(), Backoff(_FIRST_S, _MOST_S)
    while True:
        try:
            outcome = carry()
        except Exception as error:  # noqa: BLE001 - one bad run is recorded, and stops no other
            wait_s = backoff.after(error)
            if isinstance(error, Transient) and wait_s < patience.left_s():
                time.sleep(wait_s)
                continue
            seconds = time.monotonic() - begin
            return Outcome(kind, key, "failed", name=key, failure=failure_of(error), seconds=seconds)
        patience.succeeded()
        return outcome
