"""A metric within absolute bounds, whatever the baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from trackbridge.gates.checks.readings import Use, exact, number, read
from trackbridge.gates.facts import Facts
from trackbridge.gates.verdicts import Finding

__all__ = ["Bound"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A metric is at least `min` and at most `max`; both bounds are allowed values.

    An infinite value beyond a bound fails; one within is no measurement, and insufficient.
    """

    metric: str
    min: float | None = None
    max: float | None = None
    use: Use = "last"
    max_age_s: float | None = None
    check: str = "metric"

    @property
    def wanted(self) -> str:
        """The bounds in words."""
        least = [] if self.min is None else [f"at least {number(self.min)}"]
        most = [] if self.max is None else [f"at most {number(self.max)}"]
        return " and ".join(least + most)

    def findings(self, candidate: Facts, baseline: Facts | None) -> Iterator[Finding]:
        """Compare the candidate's value with the bounds."""
        subject = f"{self.metric} {self.wanted}"
        reading = read(candidate, self.metric, self.use, self.max_age_s)
        other = None if baseline is None else read(baseline, self.metric, self.use).value
        if reading.value is None:
            yield Finding(self.check, subject, "insufficient", reading.why_not, None, other)
            return
        said = f"{self.metric} of {candidate.label} is {number(reading.value)}; {self.wanted} is required"
        if self._violated(reading.value):
            yield Finding(self.check, subject, "fail", said, reading.value, other)
        elif math.isinf(reading.value):
            yield Finding(
                self.check, subject, "insufficient", f"{said}, and infinity is no measurement", reading.value, other
            )
        else:
            yield Finding(self.check, subject, "pass", said, reading.value, other)

    def _violated(self, value: float) -> bool:
        if math.isinf(value):
            return (self.min is not None and value < 0) or (self.max is not None and value > 0)
        below = self.min is not None and exact(value) < exact(self.min)
        return below or (self.max is not None and exact(value) > exact(self.max))
