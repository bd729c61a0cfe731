"""A run in a forked child: an attached writer of its own, made when the child first logs (R8)."""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Callable
from typing import Final

from trackbridge.errors import TrackbridgeError
from trackbridge.records.log import LoggedVersion, LogRecord
from trackbridge.shipping import Delivery, Outlet, PendingVersion

__all__ = ["ChildOutlet", "new_writer"]

_EXIT_TIMEOUT_S: Final = 60.0


def new_writer() -> str:
    """Give the id of a new writer: 16 hex characters."""
    return secrets.token_hex(8)


class ChildOutlet:
    """An `Outlet` that costs a child nothing until it logs.

    Nothing of the parent's is used: its threads do not exist here, its connections are not ours, and what it had
    queued it delivers itself. A child of `multiprocessing` delivers before it leaves; one that leaves by
    ``os._exit`` has to call `Run.flush`.
    """

    def __init__(self, make: Callable[[], Outlet]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._outlet: Outlet | None = None

    def point(self, name: str, step: int | None, timestamp_ms: int, value: float, stamped: bool) -> None:
        """See `Outlet.point`."""
        self._made().point(name, step, timestamp_ms, value, stamped)

    def put(self, record: LogRecord) -> None:
        """See `Outlet.put`."""
        self._made().put(record)

    def register(self, record: LoggedVersion) -> PendingVersion:
        """See `Outlet.register`."""
        return self._made().register(record)

    def failure(self) -> TrackbridgeError | None:
        """See `Outlet.failure`."""
        return self._outlet.failure() if self._outlet else None

    def flush(self, timeout_s: float) -> tuple[Delivery, ...]:
        """See `Outlet.flush`."""
        return self._outlet.flush(timeout_s) if self._outlet else ()

    def close(self, timeout_s: float) -> tuple[Delivery, ...]:
        """See `Outlet.close`."""
        return self._outlet.close(timeout_s) if self._outlet else ()

    def _made(self) -> Outlet:
        with self._lock:
            if self._outlet is None:
                self._outlet = self._make()
                self._deliver_at_exit()
            return self._outlet

    def _deliver_at_exit(self) -> None:
        # Children of multiprocessing leave by os._exit, past atexit, but run its own finalizers.
        process, util = sys.modules.get("multiprocessing.process"), sys.modules.get("multiprocessing.util")
        if process and util and process.parent_process() is not None:
            util.Finalize(None, self.close, args=(_EXIT_TIMEOUT_S,), exitpriority=100)
