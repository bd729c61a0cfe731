"""What goes wrong on demand: errors, slow answers, lost answers and cut connections."""

from __future__ import annotations

import fnmatch
import threading
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from emulators.vertex.errors import HTTP


@dataclass(slots=True)
class Fault:
    """What happens to the calls whose ``Service.Method`` matches a glob.

    With a `project`, only its calls count. First `skip` calls are spared, then `times` are hit (None: all, until the fault is removed). A hit waits `delay_s`;
    then it answers with the error `code` (of google.rpc.Code, with `retry_after_s` if given), or with `cut` drops the
    connection. With `applied`, the call has its effect first and only its answer is lost. A fault with neither code
    nor cut is only slow.
    """

    method: str = "*"
    project: str = ""
    code: str = ""
    message: str = "injected"
    retry_after_s: float | None = None
    delay_s: float = 0.0
    cut: bool = False
    applied: bool = False
    times: int | None = 1
    skip: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    hits: int = 0

    def __post_init__(self) -> None:
        if self.code and self.code not in HTTP:
            raise ValueError(f"{self.code} is no code of google.rpc.Code")


class Faults:
    """The faults in force; they do not survive the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault | Mapping[str, Any]) -> str:
        """Put a fault in force; give its id."""
        made = fault if isinstance(fault, Fault) else Fault(**fault)
        with self._lock:
            self._faults.append(made)
        return made.id

    def clear(self, project: str = "", identifier: str = "") -> None:
        """Take a fault out of force, or all of a project, or all."""
        with self._lock:
            self._faults = [
                fault
                for fault in self._faults
                if project not in {"", fault.project} or identifier not in {"", fault.id}
            ]

    def listed(self, project: str = "") -> list[dict[str, Any]]:
        """Give the faults in force with their hits."""
        with self._lock:
            return [asdict(fault) for fault in self._faults if project in {"", fault.project}]

    def hit(self, project: str, method: str) -> Fault | None:
        """Find the first fault that strikes this call, and count it."""
        with self._lock:
            for fault in self._faults:
                if fault.project not in {"", project} or not fnmatch.fnmatchcase(method, fault.method):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None and fault.hits >= fault.times:
                    continue
                fault.hits += 1
                return fault
        return None
