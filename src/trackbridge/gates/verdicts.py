"""Verdicts, and the pure function that gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias, get_args

from trackbridge.gates.facts import Facts

__all__ = ["STATUSES", "Check", "Finding", "Status", "Verdict", "judge"]

Status: TypeAlias = Literal["pass", "fail", "insufficient"]
STATUSES: Final[tuple[Status, ...]] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check came to.

    Attributes:
        check: The kind of check: metric, slice, schema, presence, budget or custom.
        subject: What it looked at, such as ``val_auc against the baseline``.
        status: pass, fail, or insufficient where it cannot be told.
        reason: Why, in a sentence for people.
        candidate: The candidate's number, where there is one.
        baseline: The baseline's.
        notes: What else a reader should know, such as a slice of few rows.
    """

    check: str
    subject: str
    status: Status
    reason: str
    candidate: float | None = None
    baseline: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings, in the order of the checks, and what they come to: one that fails outweighs any that cannot tell."""

    status: Status
    findings: tuple[Finding, ...]

    def count(self, status: Status) -> int:
        """Tell how many findings have a status."""
        return sum(finding.status == status for finding in self.findings)


class Check(Protocol):
    """One check of a gate: data, with a pure function."""

    def findings(self, candidate: Facts, baseline: Facts | None) -> Iterable[Finding]:
        """Judge the candidate, alone or against the baseline."""


def judge(candidate: Facts, baseline: Facts | None, checks: Sequence[Check]) -> Verdict:
    """Judge a candidate: pure, and no check knows of another.

    Args:
        candidate: The version that wants in.
        baseline: The version it is compared with; None where there is none.
        checks: What to look at. None at all is insufficient: nothing was proved.
    """
    findings = tuple(finding for check in checks for finding in check.findings(candidate, baseline))
    found = {finding.status for finding in findings}
    status: Status = "fail" if "fail" in found else "pass" if found == {"pass"} else "insufficient"
    return Verdict(status, findings)
