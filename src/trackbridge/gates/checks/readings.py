"""One number of a version: what it is, or why nothing can be said about it; and exact arithmetic on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias, get_args

from trackbridge.gates.facts import Facts
from trackbridge.records.names import shown

__all__ = ["USES", "Reading", "Use", "distance", "exact", "number", "read", "rounded"]

Use: TypeAlias = Literal["last", "min", "max"]
USES: Final[tuple[Use, ...]] = get_args(Use)

_MS_PER_S: Final = 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """A value that is no NaN, or None and why there is none."""

    value: float | None
    why_not: str = ""


def read(facts: Facts, metric: str, use: Use, max_age_s: float | None = None) -> Reading:
    """Read a metric of a version.

    Args:
        facts: The version.
        metric: The metric's name.
        use: Which value of its series.
        max_age_s: How old its last point may be; None for any age.
    """
    if facts.run is None:
        return Reading(None, f"{facts.label} has no run here")
    summary = facts.metric(metric)
    if summary is None:
        return Reading(None, f"{facts.label} has no metric {shown(metric)}")
    value: float = getattr(summary, use)
    if math.isnan(value):
        return Reading(None, f"{metric} of {facts.label} is NaN")
    age_s = (facts.read_ms - summary.last_timestamp_ms) / _MS_PER_S
    if max_age_s is not None and age_s > max_age_s:
        return Reading(
            None, f"{metric} of {facts.label} is stale: {age_s:.0f} s old, at most {max_age_s:g} s are allowed"
        )
    return Reading(value)


def exact(value: float) -> Fraction:
    """Give a finite number as it is written, so that 0.97 − 0.965 is 0.005 and a limit of 0.005 holds."""
    return Fraction(repr(float(value)))


def rounded(value: Fraction) -> float:
    """Give the nearest float; infinity where it is beyond all of them, as the distance of two floats can be."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def number(value: float | Fraction) -> str:
    """Show a number to people."""
    return f"{rounded(value) if isinstance(value, Fraction) else value:.6g}"


def distance(value: Fraction) -> str:
    """Show a difference to people: fewer digits say enough."""
    return f"{rounded(value):.4g}"
