"""A metric on parts of the data: how far apart the slices are, and how the worst of them does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from trackbridge.gates.checks.bounds import Bound
from trackbridge.gates.checks.readings import distance, exact, number, read, rounded
from trackbridge.gates.facts import Facts, Slice, Sliced, SliceTable
from trackbridge.gates.verdicts import Finding, Status
from trackbridge.records.names import shown

__all__ = ["SliceCheck", "logged_slices"]

_ROWS = "rows"
_NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class SliceCheck:
    """A metric over the values of protected attributes.

    A slice with fewer than `min_rows` rows is named, and can neither fail the check nor carry it: where only such a slice
    is beyond a limit, or too few others are left, the check is insufficient.

    Attributes:
        metric: The metric: logged as ``metric/attribute:value``, with its row count as ``rows/attribute:value``; or one
            that is computed from `table`.
        by: The attributes.
        crossed: Whether the slices are the combinations of all attributes, instead of each attribute by itself.
        max_gap: How far apart the greatest and the least slice may be; None for no matter.
        min: What every slice must at least be; None for no matter.
        max: What every slice may at most be; None for no matter.
        min_rows: From how many rows on a slice counts; one whose rows nobody logged counts, and is named.
        table: The logged predictions to compute the metric from; None for logged slice metrics.
        max_age_s: How old a logged slice metric may be; None for any age.
    """

    metric: str
    by: tuple[str, ...]
    crossed: bool = False
    max_gap: float | None = None
    min: float | None = None
    max: float | None = None
    min_rows: int = 30
    table: SliceTable | None = None
    max_age_s: float | None = None

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The attributes that are taken together."""
        return (self.by,) if self.crossed else tuple((attribute,) for attribute in self.by)

    def slices(self, facts: Facts, by: tuple[str, ...]) -> Sliced:
        """Give a version's slices by some attributes, or why there are none."""
        if self.table is None:
            return logged_slices(facts, self.metric, by, self.max_age_s)
        return facts.computed.get((self.table, self.metric, by), Sliced(why_not="its table was not read"))

    def findings(self, candidate: Facts, baseline: Facts | None) -> Iterator[Finding]:
        """Judge the gap and the worst slice of the candidate, attribute by attribute."""
        for by in self.groups:
            mine = self.slices(candidate, by)
            theirs = Sliced() if baseline is None else self.slices(baseline, by)
            notes = tuple(self._notes(mine.slices))
            name = f"{self.metric} by {' × '.join(by)}"
            if self.max_gap is not None:
                status, reason = self._gap(mine, self.max_gap)
                yield Finding("slice", f"{name}: gap", status, reason, _gap(mine.slices), _gap(theirs.slices), notes)
            if self.min is not None or self.max is not None:
                status, reason = self._worst(mine)
                values = (_worst(mine.slices, self.min), _worst(theirs.slices, self.min))
                yield Finding("slice", f"{name}: worst slice", status, reason, *values, notes)

    def _gap(self, sliced: Sliced, limit: float) -> tuple[Status, str]:
        counted = [one for one in sliced.slices if self._counts(one) and math.isfinite(one.value)]
        finite = [one for one in sliced.slices if math.isfinite(one.value)]
        if _spread(counted) > exact(limit):
            return "fail", _apart(counted, limit)
        if why_not := _unusable(sliced):
            return "insufficient", why_not
        if _spread(finite) > exact(limit):
            return (
                "insufficient",
                f"{_apart(finite, limit)}, but only counting slices with fewer than {self.min_rows} rows",
            )
        if len(counted) < 2:
            return "insufficient", f"{self._few(counted)}, and a gap needs two"
        return "pass", _apart(counted, limit)

    def _worst(self, sliced: Sliced) -> tuple[Status, str]:
        bound = Bound(self.metric, self.min, self.max)
        beyond = [one for one in sliced.slices if math.isfinite(one.value) and _beyond(one, self.min, self.max)]
        if sure := [one for one in beyond if self._counts(one)]:
            return "fail", f"{_named(sure)}; {bound.wanted} is required of every slice"
        if why_not := _unusable(sliced):
            return "insufficient", why_not
        if beyond:
            return "insufficient", f"{_named(beyond)}, with fewer than {self.min_rows} rows; {bound.wanted} is required"
        counted = [one for one in sliced.slices if self._counts(one)]
        if not counted:
            return "insufficient", self._few(counted)
        return "pass", f"every one of {len(sliced.slices)} slices is {bound.wanted}"

    def _counts(self, one: Slice) -> bool:
        return one.rows is None or one.rows >= self.min_rows

    def _few(self, counted: Sequence[Slice]) -> str:
        return f"{len(counted) or 'no'} slice{'' if len(counted) == 1 else 's'} with at least {self.min_rows} rows"

    def _notes(self, slices: Sequence[Slice]) -> Iterator[str]:
        for one in slices:
            if one.rows is None:
                yield f"{one.name}: nobody logged how many rows it has"
            elif not self._counts(one):
                yield f"{one.name}: only {one.rows} row{'' if one.rows == 1 else 's'}"


def logged_slices(facts: Facts, metric: str, by: tuple[str, ...], max_age_s: float | None = None) -> Sliced:
    """Read slices from metrics named ``metric/attribute:value``; for several attributes ``metric/a:x/b:y``."""
    if facts.run is None:
        return Sliced(why_not=f"{facts.label} has no run here")
    # A value may hold a slash, but nothing that looks like the next attribute.
    value = r"((?:(?!/[^/:]+:).)*)"
    pattern = re.compile(re.escape(metric) + "".join(f"/{re.escape(attribute)}:{value}" for attribute in by), re.DOTALL)
    slices = []
    for name in sorted(facts.run.metrics):
        if match := pattern.fullmatch(name):
            reading = read(facts, name, "last", max_age_s)
            if reading.value is None and "NaN" not in reading.why_not:
                return Sliced(why_not=reading.why_not)
            rows = facts.metric(f"{_ROWS}{name.removeprefix(metric)}")
            count = int(rows.last) if rows is not None and math.isfinite(rows.last) else None
            pairs = tuple(zip(by, match.groups(), strict=True))
            slices.append(Slice(pairs, math.nan if reading.value is None else reading.value, count))
    missing = f"{facts.label} has no metric named {shown(f'{metric}/{by[0]}:…')}"
    return Sliced(tuple(slices), "" if slices else missing)


def _unusable(sliced: Sliced) -> str:
    if not sliced.slices:
        return sliced.why_not or "there are no slices"
    odd = [one for one in sliced.slices if not math.isfinite(one.value)]
    return f"nothing can be told of {_named(odd)}" if odd else ""


def _beyond(one: Slice, least: float | None, most: float | None) -> bool:
    below = least is not None and exact(one.value) < exact(least)
    return below or (most is not None and exact(one.value) > exact(most))


def _spread(slices: Sequence[Slice]) -> Fraction:
    values = [exact(one.value) for one in slices]
    return max(values) - min(values) if values else Fraction(0)


def _apart(slices: Sequence[Slice], limit: float) -> str:
    least, most = min(slices, key=lambda one: one.value), max(slices, key=lambda one: one.value)
    return (
        f"{_named([most])} and {_named([least])} are {distance(_spread(slices))} apart; "
        f"at most {number(limit)} is allowed"
    )


def _named(slices: Sequence[Slice]) -> str:
    listed = ", ".join(f"{one.name} ({number(one.value)})" for one in slices[:_NAMED_AT_MOST])
    more = len(slices) - _NAMED_AT_MOST
    return f"{listed} and {more} more" if more > 0 else listed


def _gap(slices: Sequence[Slice]) -> float | None:
    finite = [one for one in slices if math.isfinite(one.value)]
    return rounded(_spread(finite)) if len(finite) > 1 else None


def _worst(slices: Sequence[Slice], least: float | None) -> float | None:
    """Give the slice nearest to its bound's wrong side: the least where a lower bound was set, else the greatest."""
    values = [one.value for one in slices if math.isfinite(one.value)]
    return (min(values) if least is not None else max(values)) if values else None
