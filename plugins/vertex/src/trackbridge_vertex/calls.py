"""Every request passes here: at the rate that the service asks for, bounded in time, repeated where that may help."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

from trackbridge.errors import Transient
from trackbridge_vertex.address import Address
from trackbridge_vertex.errors import translated

__all__ = ["Calls", "Rate"]

_Answer = TypeVar("_Answer")

_ATTEMPTS: Final = 5
_PATIENCE_S: Final = 8.0  # a longer wait is the caller's
_BURST_S: Final = 2.0


class Rate:
    """A bucket of tokens: so many calls a minute over time, a short burst at once.

    Args:
        per_minute: None for no limit.
    """

    def __init__(self, per_minute: float | None) -> None:
        self._per_s = (per_minute or 0.0) / 60.0
        self._most = max(1.0, self._per_s * _BURST_S)
        self._tokens = self._most
        self._since = time.monotonic()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next call may be made."""
        if not self._per_s:
            return
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._most, self._tokens + (now - self._since) * self._per_s) - 1.0
            self._since = now
            wait_s = max(0.0, -self._tokens / self._per_s)
        if wait_s:
            time.sleep(wait_s)


@cache
def _shared(host: str, project: str, per_minute: float | None) -> Rate:
    """Give the one rate of a region in this process, for the quota is the region's."""
    del host, project
    return Rate(per_minute)


class Calls:
    """Makes calls to one address; what they raise is translated."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._rate = _shared(address.host, address.project, address.requests_per_minute)

    def api(self, method: Callable[..., Any], request: Any, *, repeat: bool = True) -> Any:
        """Call a method of one of Vertex AI's services.

        Args:
            method: Of a generated client.
            request: Its message.
            repeat: Whether sending it twice does no harm.

        Raises:
            TrackbridgeError: what became of it, by what to do next (X1).
        """

        def once() -> Any:
            self._rate.wait()
            return method(request=request, retry=None, timeout=self._address.timeout_s)

        return self.repeated(once, repeat=repeat)

    def repeated(self, act: Callable[[], _Answer], *, repeat: bool = True) -> _Answer:
        """Make any call, again where it failed in a way that passes; as `api`, without the rate."""
        import stamina

        for attempt in stamina.retry_context(
            on=_pause,
            attempts=_ATTEMPTS if repeat else 1,
            timeout=_PATIENCE_S + self._address.timeout_s,
            wait_initial=0.1,
            wait_max=4.0,
        ):
            with attempt, translated(self._address.shown):
                return act()
        raise AssertionError("stamina either returns or raises")


def _pause(error: Exception) -> bool | float:
    """Tell stamina whether to try again, and when the service says so itself."""
    if not isinstance(error, Transient):
        return False
    if error.retry_after_s is None:
        return True
    return error.retry_after_s if error.retry_after_s <= _PATIENCE_S else False
