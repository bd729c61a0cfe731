"""One segment as a reader holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trackbridge.journal.decode import HeapRef, PointSlot, SlotState, decode_slots, read_payload, scan_names
from trackbridge.journal.entries import Damage, DamageKind, RawPoint, Record
from trackbridge.journal.files import read_at
from trackbridge.journal.format import (
    COUNTERS_AT,
    HEADER_BYTES,
    LAST_WORDS,
    SEAL_AT,
    SEAL_BYTES,
    SLOT_BYTES,
    Counters,
    SegmentHeader,
    SegmentSeal,
)
from trackbridge.journal.ranges import Span
from trackbridge.journal.segment import segment_sums

__all__ = ["StoredSegment"]

_BLOCK_SLOTS: Final = 1024
_ZEROS: Final = bytes(_BLOCK_SLOTS * SLOT_BYTES)


class StoredSegment:
    """Reads one segment through its file, never a mapping: a file that shrinks is a short read, not a SIGBUS.

    Raises:
        IntegrityError: its header is damaged.
        FileNotFoundError: it was deleted meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.header = SegmentHeader.decode(read_at(self._fd, SEAL_AT, 0), str(path))
        except BaseException:
            os.close(self._fd)
            raise
        self.seal: SegmentSeal | None = None
        self._names: dict[int, str] = {}
        self._names_end = self.header.heap_start
        self._names_looked_up = self._settled = False
        self._summed = False

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def refresh(self, *, alive: bool = True) -> bool:
        """Look at the segment anew; tell whether nothing more will be written to it, by its seal or its dead writer."""
        self._names_looked_up = False
        if self.seal is None:
            self.seal = SegmentSeal.decode(read_at(self._fd, SEAL_BYTES, SEAL_AT))
        self._settled = self.seal is not None or not alive
        return self._settled

    @property
    def counters(self) -> Counters:
        """What the journal could not take, as of this segment."""
        return Counters.decode(read_at(self._fd, Counters.BYTES, COUNTERS_AT))

    @property
    def regions(self) -> tuple[Span, Span]:
        """The slots for all records, and those kept for last words."""
        header = self.header
        return (header.first, header.end - LAST_WORDS), (header.end - LAST_WORDS, header.end)

    def blocks(self, start: int, stop: int) -> Iterator[tuple[int, int, list[SlotState] | None]]:
        """Yield the slots from `start` to before `stop` block by block: first, end, and what `block` gives."""
        while start < stop:
            end = min(start + _BLOCK_SLOTS, stop)
            yield start, end, self.block(start, end)
            start = end

    def block(self, start: int, end: int) -> list[SlotState] | None:
        """Give what each of at most a block of slots holds, "cut" where the file ends before it; None if all are empty."""
        size, at = (end - start) * SLOT_BYTES, HEADER_BYTES + (start - self.header.first) * SLOT_BYTES
        data = read_at(self._fd, size, at)
        if data == _ZEROS[:size]:
            return None
        states = list(decode_slots(data, at, self.header.order))
        return states + ["cut"] * (end - start - len(states))

    @property
    def holds_anything(self) -> bool:
        """Whether any of the first slots is written."""
        return self.block(self.header.first, min(self.header.first + _BLOCK_SLOTS, self.header.end)) is not None

    @property
    def never_taken(self) -> tuple[Span, ...]:
        """The slots that nobody took, as a seal says."""
        if self.seal is None:
            return ()
        ordinary, reserved = self.regions
        return (ordinary[0] + self.seal.used, ordinary[1]), (reserved[0] + self.seal.last_words, reserved[1])

    def point(self, slot: int, found: PointSlot) -> RawPoint | None:
        """Give a point its name; None if the name cannot be read."""
        name = self._names.get(found.name_id)
        if name is None and not (self._names_looked_up and self._settled):
            self._names_looked_up = True
            self._names_end = scan_names(self._fd, self._names_end, self._names)
            name = self._names.get(found.name_id)
        if name is None:
            return None
        return RawPoint(slot, name, found.value, found.step, found.time_ns, found.stamped)

    def record(self, slot: int, found: HeapRef) -> Record | None:
        """Give a record its payload; None if that cannot be read."""
        payload = read_payload(self._fd, found)
        return None if payload is None else Record(slot, found.kind, payload, found.time_ns)

    def check_sum(self) -> Damage | None:
        """Compare a sealed segment with its seal, once; give what to say if it differs."""
        if self._summed or self.seal is None:
            return None
        self._summed = True
        seal = self.seal
        if segment_sums(self._fd, self.header, seal.used, seal.last_words, seal.heap_end) == (
            seal.slots_sum,
            seal.heap_sum,
        ):
            return None
        return self.damage("checksum", self.header.first, self.header.end, "its content is not what was sealed")

    def damage(self, kind: DamageKind, first: int, end: int, detail: str) -> Damage:
        """Say what could not be read here."""
        return Damage(kind, self.path.name, first, end, detail)
