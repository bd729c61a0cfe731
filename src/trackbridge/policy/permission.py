"""Holds an act on a model against the rules: which moves there are, what they need, and who may make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from trackbridge.errors import Rejected
from trackbridge.policy.judging import Violation
from trackbridge.policy.rules import Policy, Rights, Rule, fits
from trackbridge.records.models import ModelVersion
from trackbridge.records.names import shown
from trackbridge.records.trail import TrailEntry
from trackbridge.redaction import redacted_logger

__all__ = ["check_act", "forbidding"]

_LOGGER: Final = redacted_logger("trackbridge.policy")


def check_act(
    policy: Policy, act: TrailEntry, version: ModelVersion, author: Callable[[ModelVersion], str | None]
) -> None:
    """Let an act pass, or not.

    Args:
        policy: The rules.
        act: The entry that would say so, with its actor.
        version: The version as it stands.
        author: Gives who made a version, None where nobody knows.

    Raises:
        Rejected: a rule that is enforced forbids it.
    """
    for violation in forbidding(policy, act, version, author):
        if violation.rule.mode == "enforce":
            raise Rejected(violation.text, clause="policy", remedy="Nothing was changed.")
        _LOGGER.warning("%s", violation.text)


def forbidding(
    policy: Policy, act: TrailEntry, version: ModelVersion, author: Callable[[ModelVersion], str | None]
) -> Iterator[Violation]:
    """Give what goes against the rules; see `check_act`."""
    for rule in policy:
        if fits(version.model, rule.models):
            judged = (
                _moves(rule, act, version) if act.action == "transition" else _approvals(rule, act, version, author)
            )
            yield from (Violation(rule, what) for what in judged)


def _moves(rule: Rule, act: TrailEntry, version: ModelVersion) -> Iterator[str]:
    rights, stage, before = rule.rights, act.stage, act.from_stage
    if stage is None or before is None:
        return
    what = f"version {version.number} of model {shown(version.model)}"
    if rights.stages and stage not in rights.stages:
        yield f"{what} goes to {stage}, which is none of {', '.join(rights.stages)}"
    if rights.transitions and (before, stage) not in rights.transitions:
        yield f"{what} goes from {before} to {stage}, and there is no such move"
    if stage in rights.approval_for and version.approval != "approved":
        yield f"{what} goes to {stage} and is {version.approval}, not approved"
    if stage in rights.gate_for and act.gate_digest is None and not act.forced:
        yield f"{what} goes to {stage} without a gate's report"
    yield from _who(rights, act, what)


def _who(rights: Rights, act: TrailEntry, what: str) -> Iterator[str]:
    promoters = rights.promoters.get(act.stage, ()) if act.stage else ()
    if not fits(act.actor, promoters):
        yield f"{what} is moved to {act.stage} by {shown(act.actor)}, who is none of {_listed(promoters)}"
    if act.forced and not fits(act.actor, rights.force):
        yield f"{what} is forced by {shown(act.actor)}, who is none of {_listed(rights.force)}"


def _approvals(
    rule: Rule, act: TrailEntry, version: ModelVersion, author: Callable[[ModelVersion], str | None]
) -> Iterator[str]:
    if act.action != "approval" or act.approval != "approved":
        return
    what = f"version {version.number} of model {shown(version.model)} is approved by {shown(act.actor)}"
    if not fits(act.actor, rule.rights.approvers):
        yield f"{what}, who is none of {_listed(rule.rights.approvers)}"
    if not rule.rights.author_may_approve and author(version) in {act.actor, None}:
        yield f"{what}, who made it" if author(version) else f"{what}, and nobody knows who made it"


def _listed(patterns: Sequence[str]) -> str:
    return ", ".join(patterns)
