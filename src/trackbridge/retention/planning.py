"""Decides for each run whether it may go, and says why or why not; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal

from trackbridge.protocol import Backend
from trackbridge.query import matches, parse
from trackbridge.records.names import shown
from trackbridge.records.runs import RunRecord
from trackbridge.retention.durations import FORMS, parse_duration
from trackbridge.retention.rules import Retention, Rule
from trackbridge.store import Store

__all__ = ["Decision", "decide", "kept_by"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one run.

    Attributes:
        run: Its id.
        name: Its name.
        experiment: Its experiment.
        parent: The id of the run around it.
        verdict: "goes"; or "stays", though a rule gives it away.
        reason: Which rule gives it away, and what keeps it.
        deleted: It is deleted already, and only to be freed.
    """

    run: str
    name: str | None
    experiment: str
    parent: str | None
    verdict: Literal["goes", "stays"]
    reason: str
    deleted: bool = False


def decide(store: Store, retention: Retention, now_ms: int, *, deleted: bool = False) -> list[Decision]:
    """Go through the runs of a backend, and decide for each that a rule gives away; children come before their parents.

    Args:
        store: The backend.
        retention: What may go.
        now_ms: UTC milliseconds.
        deleted: The deleted runs instead, to be freed.
    """
    found: dict[str, Decision] = {}
    for run in store.runs.search(None, deleted=deleted):
        reason = _given_away(run, retention, now_ms)
        if reason is None:
            continue
        hold = _unreadable(run, retention) or kept_by(store.backend, run, retention)
        verdict: Literal["goes", "stays"] = "stays" if hold else "goes"
        text = f"{reason}; {hold}" if hold else reason
        found[run.id] = Decision(run.id, run.name, run.experiment, run.parent, verdict, text, deleted)
    return _children_first(found) if deleted else _with_children(store, found)


def kept_by(backend: Backend, run: RunRecord, retention: Retention) -> str | None:
    """Say what keeps a run whatever a rule says: a hold, or a model version; None for nothing."""
    for tag in retention.hold_tags:
        if tag in run.tags:
            return f"it has the tag {shown(tag)}"
    versions = sorted(backend.adapter.registry.versions_of_run(run.id))
    if versions:
        model, number = versions[0]
        more = f" and {len(versions) - 1} more" if len(versions) > 1 else ""
        return f"version {number} of model {shown(model)}{more} is made of it"
    return None


def _given_away(run: RunRecord, retention: Retention, now_ms: int) -> str | None:
    age_ms = now_ms - (run.ended_ms if run.ended_ms is not None else run.started_ms)
    wish = run.tags.get(retention.ttl_tag) if retention.ttl_tag else None
    if wish is not None:
        return _outlived(run, retention.ttl_tag, wish, age_ms)
    for rule in retention.rules:
        if _applies(rule, run, age_ms):
            return f"rule {shown(rule.name)}, {_days(age_ms)} old"
    return None


def _outlived(run: RunRecord, tag: str, wish: str, age_ms: int) -> str | None:
    span_ms = parse_duration(wish)
    if span_ms is not None and (run.status == "RUNNING" or age_ms <= span_ms):
        return None
    return f"{tag}={wish}, {_days(age_ms)} old"


def _unreadable(run: RunRecord, retention: Retention) -> str | None:
    wish = run.tags.get(retention.ttl_tag)
    return f"that is no span of time: write {FORMS}" if wish is not None and parse_duration(wish) is None else None


def _applies(rule: Rule, run: RunRecord, age_ms: int) -> bool:
    return (
        age_ms > rule.older_than_ms
        and run.status in rule.status
        and (not rule.experiments or any(fnmatchcase(run.experiment, pattern) for pattern in rule.experiments))
        and (rule.where is None or matches(parse(rule.where), run))
    )


def _days(age_ms: int) -> str:
    return f"{age_ms // 86_400_000} days"


def _with_children(store: Store, found: Mapping[str, Decision]) -> list[Decision]:
    """Keep every run with a child that stays, for that would lose its place (R7)."""
    children: dict[str, list[str]] = {}
    for run in store.runs.search("parent is not null") if found else ():
        children.setdefault(run.parent or "", []).append(run.id)
    decided = dict(found)
    for decision in _children_first(found):
        staying = (
            child
            for child in children.get(decision.run, ())
            if child not in decided or decided[child].verdict == "stays"
        )
        if decision.verdict == "goes" and (child := next(staying, None)):
            decided[decision.run] = replace(
                decision, verdict="stays", reason=f"{decision.reason}; its child {child} stays"
            )
    return _children_first(decided)


def _children_first(decided: Mapping[str, Decision]) -> list[Decision]:
    def depth(decision: Decision) -> int:
        steps, parent, seen = 0, decision.parent, {decision.run}
        while parent is not None and parent in decided and parent not in seen:
            seen.add(parent)
            steps, parent = steps + 1, decided[parent].parent
        return steps

    return sorted(decided.values(), key=lambda decision: (-depth(decision), decision.run))
