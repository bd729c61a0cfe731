"""Faults on demand: what goes wrong, with which requests, how often."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, field, fields
from typing import Any

CUTS = ("before", "after", "halfway")


@dataclass(slots=True, kw_only=True)
class Fault:
    """Something that goes wrong with requests whose name matches.

    A request's name is its GraphQL operation's, or "file_stream", "upload", "download".
    """

    match: str
    """A regular expression for the whole name."""
    status: int | None = None
    """Answer this status without doing anything: 429, 409, 500, 503 …"""
    retry_after_s: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "a fault that was asked for"
    delay_s: float = 0.0
    """Wait first."""
    cut: str | None = None
    """Close the connection "before" anything is done, "after" all was done (the answer is lost), or "halfway" through
    the answer's body."""
    skip: int = 0
    """Let so many matching requests pass first."""
    times: int | None = 1
    """How many requests it befalls; None for all."""

    def __post_init__(self) -> None:
        re.compile(self.match)
        if self.cut is not None and self.cut not in CUTS:
            raise ValueError(f"cut is one of {CUTS}, not {self.cut!r}")


@dataclass(slots=True)
class Faults:
    """The faults there are; the first that matches befalls a request."""

    _waiting: list[Fault] = field(default_factory=list)
    _struck: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, **values: Any) -> None:
        """Add a fault.

        Raises:
            ValueError: For what no fault has.
        """
        unknown = values.keys() - {each.name for each in fields(Fault)}
        if unknown or "match" not in values:
            raise ValueError(f"a fault has {[each.name for each in fields(Fault)]}, not {sorted(unknown)}")
        with self._lock:
            self._waiting.append(Fault(**values))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._struck = 0

    def strike(self, name: str) -> Fault | None:
        """Give the fault that befalls a request of that name, counted down."""
        with self._lock:
            for fault in self._waiting:
                if fault.times == 0 or not re.fullmatch(fault.match, name):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                self._struck += 1
                return fault
        return None

    def to_dict(self) -> dict[str, Any]:
        with self._lock:
            return {"struck": self._struck, "waiting": [asdict(fault) for fault in self._waiting]}
