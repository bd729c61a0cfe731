"""What somebody changed in the vendor's own fields, past the trail: found, and put into the words of the trail (G5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trackbridge.protocol import VersionState
from trackbridge.records.trail import Action, TrailEntry
from trackbridge.registry.fold import Fold, Window

__all__ = ["changed_fields", "draft", "outside_changes"]


def draft(action: Action, version: int, **what: Any) -> TrailEntry:
    """Give an entry that has no place in a chain yet, and no author."""
    return TrailEntry(n=-1, when_ms=-1, actor="", action=action, version=version, previous="", **what)


def outside_changes(window: Window, shown: Mapping[int, VersionState]) -> tuple[TrailEntry, ...]:
    """Give the entries that would explain what the vendor's fields show and the trail does not.

    Args:
        window: What the fields may show.
        shown: What they show, for every version that the vendor has.
    """
    return (*_stages(window, shown), *_approvals(window, shown), *_deletions(window, shown), *_aliases(window, shown))


def changed_fields(before: Fold, changes: tuple[TrailEntry, ...]) -> dict[int, set[str]]:
    """Give the names of the fields that `changes` altered, by version: ``stage``, ``approval``, ``aliases``."""
    changed: dict[int, set[str]] = {}
    for change in changes:
        if change.action in {"transition", "approval"}:
            changed.setdefault(change.version, set()).add("stage" if change.action == "transition" else "approval")
            continue
        for number in {change.version, before.holders.get(change.alias or "", change.version)}:
            changed.setdefault(number, set()).add("aliases")
    return changed


def _stages(window: Window, shown: Mapping[int, VersionState]) -> Iterator[TrailEntry]:
    for number, state in _living(window, shown):
        if state.stage not in window.stages(number):
            before = window.last.stages.get(number, "None")
            yield draft("transition", number, stage=state.stage, from_stage=before, outside=True)


def _approvals(window: Window, shown: Mapping[int, VersionState]) -> Iterator[TrailEntry]:
    for number, state in _living(window, shown):
        if state.approval not in window.approvals(number):
            yield draft("approval", number, approval=state.approval, outside=True)


def _deletions(window: Window, shown: Mapping[int, VersionState]) -> Iterator[TrailEntry]:
    for number in sorted(window.last.named - shown.keys()):
        yield draft("delete_version", number, outside=True)


def _aliases(window: Window, shown: Mapping[int, VersionState]) -> Iterator[TrailEntry]:
    # Judged alias by alias: while a mirror is being written, one version may lack it already and the other still.
    showing: dict[str, set[int]] = {}
    for number, state in _living(window, shown):
        for alias in state.aliases:
            showing.setdefault(alias, set()).add(number)
    for alias in sorted({*showing, *window.last.holders}):
        allowed, now = window.holders(alias), showing.get(alias, set())
        if strangers := now - allowed:
            yield draft("set_alias", max(strangers), alias=alias, outside=True)
        elif not now and len(allowed) == 1 and allowed <= shown.keys():
            yield draft("delete_alias", window.last.holders[alias], alias=alias, outside=True)


def _living(window: Window, shown: Mapping[int, VersionState]) -> Iterator[tuple[int, VersionState]]:
    return ((number, state) for number, state in sorted(shown.items()) if number not in window.last.deleted)
