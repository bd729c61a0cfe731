"""What one backend's way through a journal remembers, moved together with its cursor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from trackbridge.shipping.resolve import PointResolver

__all__ = ["Counts", "Progress"]

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of records so far."""

    delivered: int = 0
    retried: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Progress:
    """The state of a cursor.

    Attributes:
        resolver: Settles what the points left open, in the order of the slots.
        counts: What became of the records.
        last_ns: The wall clock of the latest record, which is when a process that says nothing more has died (R4).
        ended: A status that ends the run was among the records.
        done: Nothing will ever follow.
    """

    resolver: PointResolver
    counts: Counts = Counts()
    last_ns: int = 0
    ended: bool = False
    done: bool = False

    def encode(self) -> bytes:
        """Give the bytes that a cursor keeps."""
        counts = self.counts
        return json.dumps(
            {
                "version": _VERSION,
                "resolver": self.resolver.state(),
                "counts": [counts.delivered, counts.retried, counts.rejected],
                "last_ns": self.last_ns,
                "ended": self.ended,
                "done": self.done,
            },
            separators=(",", ":"),
        ).encode()

    @classmethod
    def decode(cls, data: bytes) -> Progress:
        """Read it back."""
        held: dict[str, Any] = json.loads(data)
        return cls(
            PointResolver.restored(held["resolver"]),
            Counts(*held["counts"]),
            held["last_ns"],
            held["ended"],
            held["done"],
        )
