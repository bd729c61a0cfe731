"""Rate limits, as the documentation gives them for Dedicated Cloud and recommends them elsewhere."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from emulators.wandb.errors import ServiceError

# docs, "Rate limits" (platform/hosting/hosting-options/dedicated-cloud/rate-limits): how much a second, for what.
DOCUMENTED = {
    "file_stream requests of a run": 2.0,
    "file_stream requests of a project": 500.0,
    "file_stream bytes of a project": 120e6,
    "run creations of a project": 80.0,
}


@dataclass(slots=True)
class Limits:
    """How much of each limit is left: a second's worth, refilled steadily."""

    _left: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, what: str, whose: str, amount: float = 1.0) -> None:
        """Take from a limit.

        Raises:
            ServiceError: 429 where there is not that much left.
        """
        rate, now = DOCUMENTED[what], time.monotonic()
        with self._lock:
            left, then = self._left.get((what, whose), (rate, now))
            left = min(rate, left + rate * (now - then))
            if left < min(amount, rate):
                self._left[what, whose] = left, now
                raise ServiceError("rate limit exceeded", 429)
            self._left[what, whose] = left - amount, now
