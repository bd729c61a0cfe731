"""One look at a journal, in the making."""

from __future__ import annotations

from trackbridge.journal.decode import HeapRef, PointSlot, SlotState
from trackbridge.journal.entries import Batch, Damage, DamageKind, RawPoint, Record
from trackbridge.journal.ranges import Ranges, Span
from trackbridge.journal.stored import StoredSegment

__all__ = ["Scan"]

_REASONS: dict[DamageKind, str] = {
    "hole": "reserved and never written",
    "torn": "the check of the slot does not hold",
    "heap": "its name or payload cannot be read",
    "truncated": "the file ends before",
}


class Scan:
    """Collects what lies in the slots that a consumer has not had yet.

    Args:
        limit: The most entries.
        limit_bytes: The most bytes of payloads, passed by one record at most.
    """

    def __init__(self, limit: int, limit_bytes: int) -> None:
        self._limit = limit
        self._room_bytes = limit_bytes
        self._entries: list[RawPoint | Record] = []
        self._spans: list[Span] = []
        self._damage: list[Damage] = []
        self._pending = 0

    @property
    def full(self) -> bool:
        """Whether a limit was reached."""
        return len(self._entries) >= self._limit or self._room_bytes <= 0

    def batch(self, *, finished: bool) -> Batch:
        """Give what was collected."""
        return Batch(
            tuple(self._entries),
            Ranges.of(self._spans),
            tuple(self._damage),
            self._pending,
            self.full,
            finished and not self.full,
        )

    def report(self, damage: Damage) -> None:
        """Add damage that concerns a segment as a whole, without passing over any slot."""
        self._damage.append(damage)

    def lose(self, damage: Damage) -> None:
        """Add damage, and pass over its slots for good."""
        last = self._damage[-1] if self._damage else None
        if last and (last.segment, last.kind, last.end) == (damage.segment, damage.kind, damage.first):
            self._damage[-1] = Damage(last.kind, last.segment, last.first, damage.end, last.detail)
        else:
            self._damage.append(damage)
        self._cover(damage.first, damage.end)

    def segment(self, segment: StoredSegment, skip: Ranges, *, final: bool) -> None:
        """Collect from one segment; `final` says that nothing more will be written to it."""
        for start, stop in segment.never_taken:
            self._cover(start, stop)
        settled = skip | Ranges.of(segment.never_taken)
        for region in segment.regions:
            for gap in settled.gaps(*region):
                # Of a sealed segment we know that each slot in a gap was taken, of another only what lies before one.
                self._gap(segment, gap, final=final, followed=segment.seal is not None or gap[1] < region[1])
                if self.full:
                    return

    def _gap(self, segment: StoredSegment, gap: Span, *, final: bool, followed: bool) -> None:
        empty = gap[0]  # from here on to the slot at hand all are empty
        for first, _, states in segment.blocks(*gap):
            if states is None:
                if not final:
                    return
                continue
            for slot, state in enumerate(states, first):
                if state == "empty":
                    continue
                self._empty(segment, (empty, slot), final=final, followed=True)
                self._slot(segment, slot, state, final=final)
                empty = slot + 1
                if self.full:
                    return
        self._empty(segment, (empty, gap[1]), final=final, followed=followed)

    def _empty(self, segment: StoredSegment, span: Span, *, final: bool, followed: bool) -> None:
        if span[0] == span[1]:
            return
        if not final:
            self._pending += span[1] - span[0] if followed else 0
        elif followed:
            self.lose(segment.damage("hole", *span, _REASONS["hole"]))
        else:
            self._cover(*span)

    def _slot(self, segment: StoredSegment, slot: int, state: SlotState, *, final: bool) -> None:
        entry: RawPoint | Record | None = None
        kind: DamageKind = "heap"
        if isinstance(state, PointSlot):
            entry = segment.point(slot, state)
        elif isinstance(state, HeapRef):
            entry = segment.record(slot, state)
            self._room_bytes -= len(entry.payload) if entry else 0
        elif state == "void":
            self._cover(slot, slot + 1)
            return
        else:
            kind = "truncated" if state == "cut" else "torn"
        if entry is not None:
            self._entries.append(entry)
            self._cover(slot, slot + 1)
        elif final:
            self.lose(segment.damage(kind, slot, slot + 1, _REASONS[kind]))
        else:
            self._pending += 1

    def _cover(self, start: int, stop: int) -> None:
        if self._spans and self._spans[-1][1] == start:
            self._spans[-1] = (self._spans[-1][0], stop)
        elif start < stop:
            self._spans.append((start, stop))
