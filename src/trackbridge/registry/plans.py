"""What a promotion or a rollback would do, told before anything is done: pure, over a model as it stands (G3–G6)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from trackbridge.errors import Conflict, Rejected
from trackbridge.records.models import ModelVersion, Stage
from trackbridge.records.names import shown
from trackbridge.records.trail import TrailEntry
from trackbridge.registry.acts import ArchiveMode
from trackbridge.registry.fold import stage_changes
from trackbridge.registry.outside import draft
from trackbridge.registry.state import ModelState

__all__ = ["Plan", "Refusal", "fulfil", "plan_promotion", "plan_rollback"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan cannot be carried out, and the clause that says so."""

    clause: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One move of a version, and all that comes with it.

    Attributes:
        model: The model.
        version: The version that moves.
        from_stage: Where it is.
        stage: Where it goes; the same as `from_stage` if there is nothing to do.
        archived: The other versions of that stage that are archived in the same act.
        staying: The other versions of that stage that stay there.
        serving: Those of `staying` that stay because they carry traffic (G4).
        refusals: Why it cannot be done; empty if it can.
        archive_existing: What was asked for.
        expected_stage: What was asked for (G6).
        rollback: Whether this takes back what was promoted last.
    """

    model: str
    version: int
    from_stage: Stage
    stage: Stage
    archived: tuple[int, ...] = ()
    staying: tuple[int, ...] = ()
    serving: tuple[int, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    archive_existing: ArchiveMode = "none"
    expected_stage: Stage | None = None
    rollback: bool = False

    @property
    def moves(self) -> bool:
        """Whether anything would change."""
        return self.from_stage != self.stage and not self.refusals


def plan_promotion(
    state: ModelState,
    number: int,
    stage: Stage,
    *,
    archive_existing: ArchiveMode,
    expected_stage: Stage | None,
    serving: Collection[int],
) -> Plan:
    """Plan to move a version to a stage.

    Args:
        state: The model as it stands.
        number: The version.
        stage: Where it shall go.
        archive_existing: What becomes of the others there (G4).
        expected_stage: Where it must be now (G6); None for anywhere.
        serving: The versions that carry traffic, which "not-serving" spares.

    Raises:
        NotFound: there is no such version.
    """
    now = state.version(number).stage
    others = [version.number for version in _others(state, stage, number)] if now != stage else []
    spared = [other for other in others if archive_existing == "none" or _serves(other, archive_existing, serving)]
    return Plan(
        model=state.native.name,
        version=number,
        from_stage=now,
        stage=stage,
        archived=tuple(other for other in others if other not in spared),
        staying=tuple(spared),
        serving=tuple(other for other in spared if _serves(other, archive_existing, serving)),
        refusals=tuple(_refusals(state, number, stage, archive_existing, expected_stage)),
        archive_existing=archive_existing,
        expected_stage=expected_stage,
    )


def plan_rollback(state: ModelState, stage: Stage) -> Plan:
    """Plan to bring back the version that was in a stage before the present one, and to archive all that came after it.

    What entered the stage is a stack: a promotion lays a version on top, one that comes back takes off all above it. So a
    second rollback goes one further back, and not forth again.

    Raises:
        Rejected: nothing was ever in that stage, or nothing before what is there now.
    """
    if stage in {"None", "Archived"}:
        raise Rejected(f"stage {stage} cannot be rolled back", clause="G3", remedy="Roll back Staging or Production.")
    entered = _stack(state.chain.entries, stage)
    present = [version.number for version in state.versions.values() if version.stage == stage]
    top = max((at for at, number in enumerate(entered) if number in present), default=len(entered))
    before = [number for number in entered[:top] if number in state.versions and number not in present]
    if not before:
        raise Rejected(
            f"no version of model {shown(state.native.name)} was in stage {stage} before what is there now",
            clause="G3",
            remedy="Its history shows what was; promote the version that is wanted.",
        )
    later = entered[entered.index(before[-1]) + 1 :]
    return Plan(
        model=state.native.name,
        version=before[-1],
        from_stage=state.version(before[-1]).stage,
        stage=stage,
        archived=tuple(number for number in present if number in later),
        staying=tuple(number for number in present if number not in later),
        rollback=True,
    )


def fulfil(plan: Plan, now: Plan) -> TrailEntry | None:
    """Give the entry that carries a plan out, if planning it again comes to the same; None if there is nothing to do.

    Args:
        plan: What was decided upon.
        now: The same plan, made of the model as it stands.

    Raises:
        Conflict: the model has changed so that the plan would come to something else, or it is not in the expected stage.
        Rejected: the plan was refused from the beginning.
    """
    if now.refusals:
        kind = Conflict if now.refusals[0].clause == "G6" else Rejected
        raise kind(now.refusals[0].reason, clause=now.refusals[0].clause, remedy="Nothing was changed.")
    if now != plan:
        raise Conflict(
            f"model {shown(plan.model)} has changed since the plan was made: {_what_changed(plan, now)}",
            clause="G6",
            remedy="Nothing was changed. Look at its history, and decide again.",
        )
    if plan.from_stage == plan.stage:
        return None
    return draft("transition", plan.version, stage=plan.stage, from_stage=plan.from_stage, archived=plan.archived)


def _others(state: ModelState, stage: Stage, number: int) -> list[ModelVersion]:
    return [other for other in state.versions.values() if other.stage == stage and other.number != number]


def _serves(number: int, mode: ArchiveMode, serving: Collection[int]) -> bool:
    return mode == "not-serving" and number in serving


def _refusals(state: ModelState, number: int, stage: Stage, mode: ArchiveMode, expected: Stage | None) -> list[Refusal]:
    refusals = []
    now = state.version(number).stage
    if mode != "none" and stage in {"None", "Archived"}:
        refusals.append(Refusal("G4", f"archiving the other versions of stage {stage} makes no sense"))
    if expected is not None and now != expected:
        reason = f"version {number} of model {shown(state.native.name)} is in stage {now}, not {expected}"
        refusals.append(Refusal("G6", reason))
    return refusals


def _stack(entries: Collection[TrailEntry], stage: Stage) -> list[int]:
    """Give the versions that entered a stage, without those that a rollback took off again."""
    entered: list[int] = []
    for entry in entries:
        if entry.action != "transition" or stage_changes(entry).get(entry.version) != stage:
            continue
        if entry.version in entered:
            del entered[entered.index(entry.version) :]
        entered.append(entry.version)
    return entered


def _what_changed(plan: Plan, now: Plan) -> str:
    if plan.version != now.version:
        return f"version {now.version} is now the one to bring back, not {plan.version}"
    if plan.from_stage != now.from_stage:
        return f"version {plan.version} is in stage {now.from_stage}, not {plan.from_stage}"
    there, was = sorted({*now.archived, *now.staying}), sorted({*plan.archived, *plan.staying})
    if there != was:
        return f"stage {plan.stage} holds {_listed(there)}, not {_listed(was)}"
    return f"{_listed(now.serving)} carries traffic, not {_listed(plan.serving)}"


def _listed(numbers: Collection[int]) -> str:
    return f"version {', '.join(map(str, numbers))}" if numbers else "no version"
