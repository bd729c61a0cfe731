"""What may be done to a model as it stands: each act is checked and becomes the entry that would say so (G3–G8).

Every function gives None where the act would change nothing, and raises where it is not allowed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal, TypeAlias, get_args

from trackbridge.errors import Conflict, NotFound, Rejected
from trackbridge.records.models import Approval, Stage
from trackbridge.records.names import shown
from trackbridge.records.trail import TrailEntry
from trackbridge.registry.outside import draft
from trackbridge.registry.state import ModelState

__all__ = [
    "ArchiveMode",
    "approval",
    "check_archive_mode",
    "check_archiving",
    "delete_alias",
    "delete_version",
    "set_alias",
    "transition",
]

ArchiveMode: TypeAlias = Literal["none", "all", "not-serving"]
_MODES: Final[tuple[ArchiveMode, ...]] = get_args(ArchiveMode)


def check_archive_mode(mode: object) -> ArchiveMode:
    """Return `mode` if it is a way to archive (G4), else raise `Rejected`."""
    for known in _MODES:
        if mode == known:
            return known
    raise Rejected(
        f"{shown(mode)} is not a way to archive", clause="G4", remedy=f"archive_existing is one of {', '.join(_MODES)}."
    )


def check_archiving(mode: object, stage: Stage) -> ArchiveMode:
    """Return `mode` if a transition to `stage` may archive in that way (G4), else raise `Rejected`."""
    known = check_archive_mode(mode)
    if known != "none" and stage in {"None", "Archived"}:
        raise Rejected(
            f"archiving the other versions of stage {stage} makes no sense",
            clause="G4",
            remedy="Leave archive_existing at 'none'.",
        )
    return known


def transition(
    state: ModelState,
    number: int,
    stage: Stage,
    *,
    expected: Stage | None,
    displace: bool,
    spared: Collection[int] = (),
) -> TrailEntry | None:
    """Move a version to a stage, archiving the others that are there unless they are spared (G4, G6)."""
    now = state.version(number).stage
    if expected is not None and now != expected:
        raise Conflict(
            f"version {number} of model {shown(state.native.name)} is in stage {now}, not {expected}",
            clause="G6",
            remedy="Look at its history, and decide again.",
        )
    if now == stage:
        return None
    archived = (
        tuple(
            other.number
            for other in state.versions.values()
            if other.stage == stage and other.number != number and other.number not in spared
        )
        if displace
        else ()
    )
    return draft("transition", number, stage=stage, from_stage=now, archived=archived)


def approval(state: ModelState, number: int, decision: Approval) -> TrailEntry | None:
    """Approve or reject a version, whatever its stage (G8)."""
    if state.version(number).approval == decision:
        return None
    return draft("approval", number, approval=decision)


def set_alias(state: ModelState, alias: str, number: int) -> TrailEntry | None:
    """Give an alias to a version, taking it from whichever has it in the same act (G7)."""
    if alias in state.version(number).aliases:
        return None
    return draft("set_alias", number, alias=alias)


def delete_alias(state: ModelState, alias: str) -> TrailEntry:
    """Take an alias away (G7)."""
    holder = state.fold.holders.get(alias)
    if holder is None:
        raise NotFound(f"model {shown(state.native.name)} has no alias {shown(alias)}", clause="G7")
    return draft("delete_alias", holder, alias=alias)


def delete_version(state: ModelState, number: int) -> TrailEntry:
    """Delete a version; its number is spent, its aliases are gone (G1)."""
    state.version(number)
    return draft("delete_version", number)
