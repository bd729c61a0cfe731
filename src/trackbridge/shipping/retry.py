"""Trying again: what is worth it, after how long, and at what rate a backend may be called (X1, X2)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from trackbridge.errors import AuthError, ConfigurationError, TrackbridgeError, Transient

__all__ = ["Backoff", "Pace", "may_recover", "patiently"]

_T = TypeVar("_T")

_QUICK_ATTEMPTS: Final = 3
_QUICK_WAIT_S: Final = 2.0  # a longer wait is left to the lane, which can be woken from it


def may_recover(error: Exception) -> bool:
    """Tell whether the same call may succeed later.

    Credentials are renewed, and a web page in the place of the backend goes away again, so that only a verdict about the
    content is final.
    """
    return isinstance(error, Transient | AuthError | ConfigurationError) or not isinstance(error, TrackbridgeError)


def patiently(call: Callable[[], _T], on_retry: Callable[[Exception], None]) -> _T:
    """Make a call, a `Transient` failure being tried again a few times within seconds.

    Args:
        call: Idempotent.
        on_retry: Told of each failure that is followed by another try.
    """
    import stamina

    tries = 0

    def backoff(error: Exception) -> bool | float:
        nonlocal tries
        tries += 1
        wait_s = error.retry_after_s if isinstance(error, Transient) else None
        again = isinstance(error, Transient) and tries < _QUICK_ATTEMPTS and (wait_s or 0.0) <= _QUICK_WAIT_S
        if again:
            on_retry(error)
        return again if wait_s is None else (wait_s if again else False)

    for attempt in stamina.retry_context(
        on=backoff, attempts=_QUICK_ATTEMPTS, timeout=None, wait_initial=0.05, wait_max=_QUICK_WAIT_S, wait_jitter=0.1
    ):
        with attempt:
            return call()
    raise AssertionError("stamina returns or raises")


class Backoff:
    """How long a backend that is down is left alone: doubling with jitter, or as long as it asks."""

    def __init__(self, first_s: float = 0.5, most_s: float = 30.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def after(self, error: Exception) -> float:
        """Give the seconds to wait after one more failure."""
        wait_s = self._next_s * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret
        self._next_s = min(self._most_s, self._next_s * 2)
        asked_s = error.retry_after_s if isinstance(error, Transient) else None
        return wait_s if asked_s is None else max(wait_s, asked_s)

    def reset(self) -> None:
        """Begin anew after a success."""
        self._next_s = self._first_s


class Pace:
    """Spaces calls so that a service is asked no more often than it wishes, over all threads that share it."""

    def __init__(self, requests_per_s: float | None) -> None:
        self._gap_s = 1.0 / requests_per_s if requests_per_s else 0.0
        self._free_at = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next call may be made."""
        if not self._gap_s:
            return
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._free_at)
            self._free_at = begin + self._gap_s
        if begin > now:
            time.sleep(begin - now)
