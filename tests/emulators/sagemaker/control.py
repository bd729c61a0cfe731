"""What a test can do to an account: turn switches, ask for faults, and see what was called."""

from __future__ import annotations

import fnmatch
import random
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from emulators.sagemaker.errors import ServiceError
from emulators.sagemaker.switches import Switches

CALLS_KEPT, REQUEST_KEPT_BYTES = 10_000, 2**16
Kind = Literal["error", "slow", "cut", "cut-after", "garbage", "item"]
_ENDINGS = {"error", "cut", "cut-after", "garbage"}


@dataclass(slots=True, kw_only=True)
class Fault:
    """What shall go wrong with the next calls of an operation.

    - error: answer `code` with HTTP `status`, nothing is done
    - slow: wait `seconds`, then do it
    - cut: close the connection without doing it; cut-after: do it, then close the connection without an answer
    - garbage: do it, then answer what is no JSON
    - item: say `code` of the metric at `index` in a BatchPutMetrics call
    """

    kind: Kind
    operation: str = "*"  # a name, or a pattern as of a shell
    times: int | None = 1  # None: until the faults are cleared
    skip: int = 0  # so many calls go well first
    probability: float = 1.0
    code: str = "ThrottlingException"
    message: str = "Rate exceeded"
    status: int = 400
    retry_after_s: int | None = None
    seconds: float = 0.0
    index: int = 0

    def __post_init__(self) -> None:
        """Refuse a kind that nobody would act on."""
        if self.kind not in get_args(Kind):
            raise ValueError(f"no fault is of the kind {self.kind!r}")


@dataclass(frozen=True, slots=True)
class Seen:
    """One call: its outcome is "ok", an error's code, or a fault's kind; a request too long to keep is None."""

    operation: str
    outcome: str
    at: float
    request: Any


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float = field(default_factory=time.monotonic)

    def take(self, rate: float, burst: int) -> bool:
        now = time.monotonic()
        self.tokens = min(float(burst), self.tokens + (now - self.filled) * rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Account:
    """One account's switches, faults and calls."""

    def __init__(self, switches: Switches) -> None:
        self._lock = threading.Lock()
        self._defaults = self._switches = switches
        self._faults: list[Fault] = []
        self._calls: deque[Seen] = deque(maxlen=CALLS_KEPT)
        self._bucket: _Bucket | None = None
        self._random = random.Random(0)

    @property
    def switches(self) -> Switches:
        """The settings as they are."""
        return self._switches

    def turn(self, **values: Any) -> Switches:
        """Change settings; a wrong name or value is a ValueError."""
        with self._lock:
            self._switches = self._switches.turned(**values)
            self._bucket = None
            return self._switches

    def fail(self, kind: str, **values: Any) -> None:
        """Ask for a `Fault`; a wrong name or kind is a ValueError."""
        unknown = values.keys() - {one.name for one in fields(Fault)}
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        with self._lock:
            self._faults.append(Fault(kind=kind, **values))  # type: ignore[arg-type]  # checked by Fault itself

    def restore(self) -> None:
        """Clear the faults and the list of calls, and set the switches as they were at the start."""
        with self._lock:
            self._switches, self._bucket = self._defaults, None
            self._random = random.Random(0)
            self._faults.clear()
            self._calls.clear()

    def calls(self, pattern: str = "*") -> list[Seen]:
        """Give the latest calls of the operations that match, in order."""
        with self._lock:
            return [one for one in self._calls if fnmatch.fnmatchcase(one.operation, pattern)]

    def saw(self, operation: str, outcome: str, request: Any) -> None:
        """Note a call."""
        with self._lock:
            self._calls.append(Seen(operation, outcome, time.time(), request))

    def admit(self, operation: str) -> list[Fault]:
        """Give the faults that are due for a call, one that ends it at most; raise where the account is throttled."""
        with self._lock:
            rate, burst = self._switches.throttle_rps, self._switches.throttle_burst
            if rate is not None and fnmatch.fnmatchcase(operation, self._switches.throttle_operations):
                self._bucket = self._bucket or _Bucket(float(burst))
                if not self._bucket.take(rate, burst):
                    raise ServiceError("ThrottlingException", "Rate exceeded")
            due: list[Fault] = []
            for fault in self._faults:
                ended = any(one.kind in _ENDINGS for one in due)
                if not (ended and fault.kind in _ENDINGS) and self._due(fault, operation):
                    due.append(fault)
            self._faults = [fault for fault in self._faults if fault.times != 0]
            return due

    def _due(self, fault: Fault, operation: str) -> bool:
        if not fnmatch.fnmatchcase(operation, fault.operation):
            return False
        if fault.skip:
            fault.skip -= 1
            return False
        if self._random.random() >= fault.probability:
            return False
        if fault.times is not None:
            fault.times -= 1
        return True

    def state(self) -> dict[str, Any]:
        """Give all of it, for JSON."""
        with self._lock:
            return {
                "switches": asdict(self._switches),
                "faults": [asdict(fault) for fault in self._faults],
                "calls": len(self._calls),
            }
