"""Sets of slots, as few half-open ranges: what a consumer has delivered."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from trackbridge.errors import IntegrityError

__all__ = ["NO_SLOTS", "Ranges", "Span"]

Span: TypeAlias = tuple[int, int]  # from the first to before the second


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of slot numbers; `spans` are sorted, disjoint, not touching and not empty. Build it with `of`."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Ranges:
        """Make a set of any spans, in any order."""
        merged: list[Span] = []
        for start, stop in sorted(span for span in spans if span[0] < span[1]):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], stop))
            else:
                merged.append((start, stop))
        return cls(tuple(merged))

    @classmethod
    def from_json(cls, value: Any) -> Ranges:
        """Read what `as_json` gave; raise `IntegrityError` where it is no such thing."""
        try:
            spans = [(int(start), int(stop)) for start, stop in value]
        except (TypeError, ValueError) as error:
            raise IntegrityError(f"a set of delivered ranges cannot be read: {error}") from error
        return cls.of(spans)

    def as_json(self) -> list[list[int]]:
        """Give the spans as JSON has them."""
        return [list(span) for span in self.spans]

    def __or__(self, other: Ranges) -> Ranges:
        return Ranges.of((*self.spans, *other.spans)) if other.spans else self

    def __contains__(self, slot: int) -> bool:
        return self.covers(slot, slot + 1)

    def __len__(self) -> int:
        return sum(stop - start for start, stop in self.spans)

    def covers(self, start: int, stop: int) -> bool:
        """Tell whether all slots from `start` to before `stop` are in the set."""
        return next(self.gaps(start, stop), None) is None

    def gaps(self, start: int, stop: int) -> Iterator[Span]:
        """Yield what lies between `start` and `stop` and is not in the set."""
        spans: Sequence[Span] = self.spans
        for low, high in spans[max(0, bisect_right(spans, (start, start)) - 1) :]:
            if low >= stop:
                break
            if start < low:
                yield start, low
            start = max(start, high)
        if start < stop:
            yield start, stop


NO_SLOTS: Final = Ranges()
