"""A metric against the baseline's: how much worse it may be, absolutely or relative to the baseline's magnitude."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias, get_args

from trackbridge.gates.checks.readings import Use, distance, exact, number, read
from trackbridge.gates.facts import Facts
from trackbridge.gates.verdicts import Finding, Status

__all__ = ["DIRECTIONS", "Allowance", "Direction", "NoBaseline", "Regression"]

Direction: TypeAlias = Literal["higher", "lower"]
DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)
NoBaseline: TypeAlias = Status


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much worse is allowed: an amount, or a share of the baseline's magnitude."""

    amount: Fraction
    relative: bool = False

    def of(self, baseline: Fraction) -> Fraction:
        """Give the amount for a baseline; relative to 0 it is 0."""
        return self.amount * abs(baseline) if self.relative else self.amount

    def said(self, baseline: Fraction) -> str:
        """Give the amount in words."""
        share = f" ({number(self.amount * 100)} % of |{number(baseline)}|)" if self.relative else ""
        return f"{distance(self.of(baseline))}{share}"


@dataclass(frozen=True, slots=True)
class Regression:
    """A metric is no worse than the baseline's by more than is allowed; exactly as much is allowed.

    Attributes:
        metric: The metric.
        direction: Whether higher or lower is better.
        allowed: How much worse it may be.
        use: Which value of the series.
        max_age_s: How old the candidate's last point may be; a baseline's may have any age.
        no_baseline: What to say where there is no baseline.
    """

    metric: str
    direction: Direction
    allowed: Allowance
    use: Use = "last"
    max_age_s: float | None = None
    no_baseline: NoBaseline = "insufficient"

    def findings(self, candidate: Facts, baseline: Facts | None) -> Iterator[Finding]:
        """Compare the candidate's value with the baseline's, in exact arithmetic."""
        mine = read(candidate, self.metric, self.use, self.max_age_s).value
        theirs = None if baseline is None else read(baseline, self.metric, self.use).value
        status, reason = self._judged(candidate, baseline)
        yield Finding("metric", f"{self.metric} against the baseline", status, reason, mine, theirs)

    def _judged(self, candidate: Facts, baseline: Facts | None) -> tuple[Status, str]:
        mine = read(candidate, self.metric, self.use, self.max_age_s)
        if mine.value is None:
            return "insufficient", mine.why_not
        if math.isinf(mine.value):
            return self._infinite(mine.value, candidate)
        if baseline is None:
            return self.no_baseline, "there is no baseline to compare with"
        theirs = read(baseline, self.metric, self.use)
        if theirs.value is None:
            return "insufficient", theirs.why_not
        return self._compared(mine.value, theirs.value, baseline)

    def _infinite(self, value: float, candidate: Facts) -> tuple[Status, str]:
        good = (value > 0) == (self.direction == "higher")
        reason = f"{self.metric} of {candidate.label} is {number(value)}"
        return ("insufficient", f"{reason}, which is no measurement") if good else ("fail", reason)

    def _compared(self, mine: float, theirs: float, baseline: Facts) -> tuple[Status, str]:
        if math.isinf(theirs):
            return (
                "insufficient",
                f"{self.metric} of {baseline.label} is {number(theirs)}, to which nothing can be compared",
            )
        old = exact(theirs)
        change = exact(mine) - old
        worse = -change if self.direction == "higher" else change
        compared = f"{self.metric} is {number(mine)}, {_difference(worse)} {baseline.label} ({number(theirs)})"
        if worse <= 0:
            return "pass", compared
        status: Status = "fail" if worse > self.allowed.of(old) else "pass"
        return status, f"{compared}; at most {self.allowed.said(old)} is allowed"


def _difference(worse: Fraction) -> str:
    if worse == 0:
        return "the same as"
    return f"{distance(abs(worse))} {'worse' if worse > 0 else 'better'} than"
