"""A version before a gate: facts collected, baseline found, verdict given."""

from __future__ import annotations

from dataclasses import dataclass

from trackbridge.errors import NotFound
from trackbridge.gates.collection import collect
from trackbridge.gates.configuration import Gate
from trackbridge.gates.facts import Facts
from trackbridge.gates.verdicts import Verdict, judge
from trackbridge.records.models import STAGES, ModelVersion
from trackbridge.store import Store

__all__ = ["Judgement", "evaluate"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a gate said about a version, and what it knew."""

    gate: Gate
    candidate: Facts
    baseline: Facts | None
    verdict: Verdict

    @property
    def allowed(self) -> bool:
        """Whether the version may pass: no check failed, and none that could not tell keeps it out."""
        status = self.verdict.status
        return status == "pass" or (status == "insufficient" and self.gate.insufficient == "pass")


def evaluate(store: Store, gate: Gate, candidate: int | str, baseline: int | str | None = None) -> Judgement:
    """Judge a version.

    Args:
        store: Where the model is.
        gate: Its gate.
        candidate: The version: a number, an alias or a stage.
        baseline: What it is compared with, instead of what the gate says.

    Raises:
        NotFound: there is no such candidate, or no baseline of a number that was named.
    """
    mine = store.registry.get(gate.model, candidate)
    theirs = _baseline(store, gate.model, mine, str(gate.baseline if baseline is None else baseline))
    facts = collect(store, mine, gate.checks)
    other = None if theirs is None else collect(store, theirs, gate.checks)
    return Judgement(gate, facts, other, judge(facts, other, gate.checks))


def _baseline(store: Store, model: str, candidate: ModelVersion, which: str) -> ModelVersion | None:
    """Find the version to compare with: nobody is his own baseline, and an empty stage or a free alias gives none."""
    if which in STAGES:
        others = [one for one in store.registry.versions(model, which) if one.number != candidate.number]
        return others[-1] if others else None
    try:
        found = store.registry.get(model, which)
    except NotFound:
        if which.isdecimal():
            raise
        return None
    return None if found.number == candidate.number else found
