"""How a journal is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from trackbridge.errors import ConfigurationError
from trackbridge.journal.format import LAST_WORDS, MOST_SLOTS, SLOT_BYTES

__all__ = ["MIN_BYTES", "Durability", "JournalOptions", "Mode", "WhenFull"]

MIN_BYTES = 1 << 20

Mode: TypeAlias = Literal["auto", "mapped", "plain"]
Durability: TypeAlias = Literal["process", "machine"]
WhenFull: TypeAlias = Literal["block", "drop"]

# Half of the journal's bound is the most that files beside it take from it. Of the other half so many parts for the slots
# of one segment, for its heap, and for one record: whatever is full, the segment in use and the next one fit once the rest
# is delivered, so that a blocked call always ends.
_SHARE = 5


@dataclass(frozen=True, slots=True)
class JournalOptions:
    """The settings of one journal.

    `mode` "auto" writes through shared memory where the file system makes that safe, else through the file.
    `durability` "machine" also brings records to the disk every `sync_interval_s`. At `max_bytes` a call blocks until
    something was delivered, or drops its record and counts it (`when_full`). Files that the caller puts into folders of the
    journal's directory count up to half of that; one alone may be larger, and takes no more from the rest. Segments have `first_slots` slots, then
    twice as many each, up to `most_slots`; one whose other records reach `heap_bytes` ends early.
    """

    mode: Mode = "auto"
    durability: Durability = "process"
    sync_interval_s: float = 1.0
    max_bytes: int = 4 << 30
    when_full: WhenFull = "block"
    first_slots: int = 4096
    most_slots: int = 262_144
    heap_bytes: int = 16 << 20

    def __post_init__(self) -> None:
        for name, allowed in (
            ("mode", ("auto", "mapped", "plain")),
            ("durability", ("process", "machine")),
            ("when_full", ("block", "drop")),
        ):
            if getattr(self, name) not in allowed:
                raise ConfigurationError(
                    f"the journal's {name} is {getattr(self, name)!r}", remedy=f"Use one of {', '.join(allowed)}."
                )
        if not LAST_WORDS < self.first_slots <= self.most_slots <= MOST_SLOTS:
            raise ConfigurationError(
                f"segments of {self.first_slots} to {self.most_slots} slots are not possible",
                remedy=f"A segment has more than {LAST_WORDS} and at most {MOST_SLOTS} slots.",
            )
        if self.sync_interval_s <= 0:
            raise ConfigurationError(
                f"the journal's sync_interval_s is {self.sync_interval_s}", remedy="Use seconds > 0."
            )
        if self.max_bytes < MIN_BYTES:
            raise ConfigurationError(
                f"the journal's max_bytes is {self.max_bytes}", remedy=f"It needs at least {MIN_BYTES} bytes."
            )

    def slots_of(self, index: int) -> int:
        """Give the number of slots of segment `index`."""
        return min(self.most_slots, self.first_slots << min(index, 24), self.share_bytes // SLOT_BYTES)

    @property
    def share_bytes(self) -> int:
        """The most that the slots of a segment, its heap before the last record, or one record may take."""
        return (self.max_bytes - self.most_files_bytes) // _SHARE

    @property
    def most_files_bytes(self) -> int:
        """The most that files beside the journal may take, unless one alone is larger."""
        return self.max_bytes // 2
