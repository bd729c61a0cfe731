"""What a reader gets out of a journal: raw points, other records, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from trackbridge.journal.ranges import Ranges

__all__ = ["Batch", "Damage", "DamageKind", "RawPoint", "Record", "first_logged_ns"]


class RawPoint(NamedTuple):
    """One point as it was logged; `slot` is its place in the writer's order.

    `step` is None where the caller gave none, and `stamped` tells a time of ours from the caller's: the reader
    resolves both, in slot order (M3). `time_ns` is UTC nanoseconds, whole milliseconds where it is the caller's.
    """

    slot: int
    name: str
    value: float
    step: int | None
    time_ns: int
    stamped: bool


class Record(NamedTuple):
    """Anything else, as it was appended; the journal knows its kind and its bytes only."""

    slot: int
    kind: int
    payload: bytes
    time_ns: int


def first_logged_ns(entries: Iterable[RawPoint | Record]) -> int | None:
    """Give when the first of them was logged that says so: a time of the caller's may be any."""
    return next((entry.time_ns for entry in entries if isinstance(entry, Record) or entry.stamped), None)


DamageKind: TypeAlias = Literal[
    "hole",  # a slot was taken and never written: an interrupt, or the machine lost a page
    "torn",  # a slot fails its check: written halfway, or its bytes changed later
    "heap",  # the payload of a record, or the name of a point, cannot be read
    "truncated",  # the file ends before the slot
    "missing",  # the segment's file is gone
    "header",  # the segment's header is damaged, so that nothing in it can be told apart
    "checksum",  # every record passed its check, yet the sealed segment as a whole is not what was sealed
]


@dataclass(frozen=True, slots=True)
class Damage:
    """What could not be read: slots `first` to before `end`, of which file, and why."""

    kind: DamageKind
    segment: str
    first: int
    end: int
    detail: str

    def __str__(self) -> str:
        return f"{self.segment}, slots {self.first}–{self.end - 1}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one look at a journal gave, in slot order.

    `covered` holds the slots of the entries and those that need no further look (given up, damaged, never to be
    written): join it to the cursor once the entries are delivered. `pending` slots are reserved and not yet whole;
    they are looked at again until the writer is gone. `more` says that a limit cut the batch short; `finished` that
    the writer is gone and nothing lies beyond this batch; `waiting` that a slot is about to be written, so that what
    lies behind it is left for a later look.
    """

    entries: tuple[RawPoint | Record, ...]
    covered: Ranges
    damage: tuple[Damage, ...] = ()
    pending: int = 0
    more: bool = False
    finished: bool = False
    waiting: bool = False
