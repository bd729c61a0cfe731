"""One look at a journal, in the making."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trackbridge.journal.decode import HeapRef, PointSlot, SlotState
from trackbridge.journal.entries import Batch, Damage, DamageKind, RawPoint, Record
from trackbridge.journal.ranges import Ranges, Span
from trackbridge.journal.stored import StoredSegment

__all__ = ["Scan"]

_UNSETTLED: Final = frozenset({"empty", "torn", "cut"})
_KINDS: dict[str, DamageKind] = {"torn": "torn", "cut": "truncated"}
_REASONS: dict[DamageKind, str] = {
    "hole": "reserved and never written",
    "torn": "the check of the slot does not hold",
    "heap": "its name or payload cannot be read",
    "truncated": "the file ends before",
}


class Scan:
    """Collects what lies in the slots that a consumer has not had yet, in slot order.

    Args:
        limit: The most entries.
        limit_bytes: The most bytes of payloads, passed by one record at most.
        wait: Whether a slot that is taken and not yet whole is worth waiting for; if so nothing behind it is collected.
    """

    def __init__(self, limit: int, limit_bytes: int, wait: Callable[[int], bool]) -> None:
        self._limit = limit
        self._room_bytes = limit_bytes
        self._wait = wait
        self._waiting = False
        self._entries: list[RawPoint | Record] = []
        self._spans: list[Span] = []
        self._damage: list[Damage] = []
        self._pending = 0

    @property
    def full(self) -> bool:
        """Whether a limit was reached."""
        return len(self._entries) >= self._limit or self._room_bytes <= 0

    @property
    def stopped(self) -> bool:
        """Whether nothing more may be collected: a limit was reached, or a slot is waited for."""
        return self._waiting or self.full

    def batch(self, *, finished: bool) -> Batch:
        """Give what was collected."""
        return Batch(
            tuple(self._entries),
            Ranges.of(self._spans),
            tuple(self._damage),
            self._pending,
            self.full,
            finished and not self.full,
            self._waiting,
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

    def settled(self, segment: StoredSegment, skip: Ranges) -> None:
        """Collect from a segment that nothing more will be written to."""
        for start, stop in segment.never_taken:
            self._cover(start, stop)
        skip |= Ranges.of(segment.never_taken)
        for region in segment.regions:
            for gap in skip.gaps(*region):
                # Of a sealed segment we know that each slot in a gap was taken, of another only what lies before one.
                self._settled_gap(segment, gap, taken=segment.seal is not None or gap[1] < region[1])
                if self.full:
                    return

    def live(self, segment: StoredSegment, skip: Ranges, is_followed: Callable[[], bool]) -> bool:
        """Collect from a segment that may still be written to; tell whether what lies behind it may be looked at.

        Args:
            segment: The segment.
            skip: What the consumer has.
            is_followed: Whether a later segment holds anything, so that all slots here must have been taken.
        """
        ordinary, reserved = segment.regions
        end = ordinary[0]
        for gap in skip.gaps(*ordinary):
            end = self._live_gap(segment, gap, taken=gap[1] < ordinary[1])
            if end < gap[1]:
                break
        else:
            end = ordinary[1]
        if end < ordinary[1] and not self.stopped:
            if not is_followed():
                return False
            for gap in skip.gaps(end, ordinary[1]):
                self._live_gap(segment, gap, taken=True)
        for gap in skip.gaps(*reserved):
            if not self.stopped:
                self._live_gap(segment, gap, taken=False)
        return not self.stopped

    def _live_gap(self, segment: StoredSegment, gap: Span, *, taken: bool) -> int:
        """Collect from slots of which all are `taken`, or else those before one that is written; give where it ended."""
        for first, end, states in segment.blocks(*gap):
            count = end - first if taken else _written(states)
            if count and (states is None or not _UNSETTLED.isdisjoint(states[:count])):
                # What was written before something that has been seen is seen now.
                states = segment.block(first, first + count) or ["empty"] * count  # noqa: PLW2901 - the same, looked at again
            for slot, state in enumerate((states or [])[:count], first):
                if not self._is_whole(segment, slot, state):
                    if self._wait(slot):
                        self._waiting = True
                        return slot
                    self._pending += 1
                if self.full:
                    return slot + 1
            if first + count < end:
                return first + count
        return gap[1]

    def _settled_gap(self, segment: StoredSegment, gap: Span, *, taken: bool) -> None:
        empty = gap[0]  # from here on to the slot at hand all are empty
        for first, _, states in segment.blocks(*gap):
            for slot, state in enumerate(states or (), first):
                if state == "empty":
                    continue
                self._empty(segment, (empty, slot), taken=True)
                empty = slot + 1
                if not self._is_whole(segment, slot, state):
                    kind = _KINDS.get(state, "heap") if isinstance(state, str) else "heap"
                    self.lose(segment.damage(kind, slot, slot + 1, _REASONS[kind]))
                if self.full:
                    return
        self._empty(segment, (empty, gap[1]), taken=taken)

    def _empty(self, segment: StoredSegment, span: Span, *, taken: bool) -> None:
        if taken and span[0] < span[1]:
            self.lose(segment.damage("hole", *span, _REASONS["hole"]))
        else:
            self._cover(*span)

    def _is_whole(self, segment: StoredSegment, slot: int, state: SlotState) -> bool:
        """Collect what a slot holds, if it is whole."""
        entry: RawPoint | Record | None = None
        if isinstance(state, PointSlot):
            entry = segment.point(slot, state)
        elif isinstance(state, HeapRef):
            entry = segment.record(slot, state)
            self._room_bytes -= len(entry.payload) if entry else 0
        elif state != "void":
            return False
        if entry is not None:
            self._entries.append(entry)
        elif state != "void":
            return False
        self._cover(slot, slot + 1)
        return True

    def _cover(self, start: int, stop: int) -> None:
        if self._spans and self._spans[-1][1] == start:
            self._spans[-1] = (self._spans[-1][0], stop)
        elif start < stop:
            self._spans.append((start, stop))


def _written(states: list[SlotState] | None) -> int:
    """Count the slots up to the last that is not empty."""
    count = len(states or ())
    while states and count and states[count - 1] == "empty":
        count -= 1
    return count
