"""Words and numbers that the reports for people share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trackbridge.gates.evaluation import Judgement
from trackbridge.gates.verdicts import Finding, Status

__all__ = ["MARKS", "change", "headline", "shown_number", "worst_first"]

MARKS: Final[dict[Status, str]] = {"pass": "✅", "fail": "❌", "insufficient": "❔"}


def headline(judgement: Judgement, forced: str | None) -> str:
    """Give the verdict in one line."""
    what = f"{judgement.gate.model} version {judgement.candidate.version.number}"
    against = "" if judgement.baseline is None else f", against version {judgement.baseline.version.number}"
    said = {
        "pass": "passes the gate",
        "fail": "fails the gate",
        "insufficient": "cannot be judged"
        if not judgement.allowed
        else "passes the gate, though not all could be judged",
    }[judgement.verdict.status]
    overruled = f" — overruled: {forced}" if forced else ""
    return f"{what} {said}{against}{overruled}"


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Give what failed, then what could not be judged, then what passed: nobody reads past the first screen."""
    order: tuple[Status, ...] = ("fail", "insufficient", "pass")
    return sorted(findings, key=lambda finding: order.index(finding.status))


def shown_number(value: float | str | None) -> str:
    """Show a number of the document; one that is missing is a dash."""
    return "–" if value is None else value if isinstance(value, str) else f"{value:.6g}"


def change(candidate: float | str | None, baseline: float | str | None) -> str:
    """Show the difference of two numbers of the document, where there is one."""
    if isinstance(candidate, str | None) or isinstance(baseline, str | None):
        return ""
    return "0" if candidate == baseline else f"{candidate - baseline:+.3g}"
