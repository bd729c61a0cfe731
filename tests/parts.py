"""A part of the contract: one check of a clause, for first tiers where the whole would take minutes."""

from __future__ import annotations

from typing import Final

from trackbridge.testing import Scale
from trackbridge.testing.checks import Check, checks_of
from trackbridge.testing.suite import CLAUSES
from trackbridge.testing.verdicts import run_check

__all__ = ["FAMILIES", "SMALL", "keeps_a_part"]

# Eight processes at once import a vendor's SDK, and a busy machine takes its time over that.
SMALL: Final = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=600)
FAMILIES: Final = {clause[0]: clause for clause in CLAUSES}  # the last clause of each


def keeps_a_part(clause: str, url: str, scale: Scale = SMALL) -> None:
    """Run one check of a clause, which the backend must keep."""
    outcome = run_check(_quickest(clause), url, scale)
    assert outcome.verdict == "kept", outcome.detail


def _quickest(clause: str) -> Check:
    """Give a check of the clause: one without processes of its own, where there is one."""

    def has_processes(one: Check) -> bool:
        return one.function.__module__.endswith(".concurrency") or "script" in one.function.__code__.co_names

    return min(checks_of(clause), key=has_processes)
