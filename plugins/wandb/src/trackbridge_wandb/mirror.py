"""The fold of a trail, shown in the registry's own fields: stages and aliases as aliases, approval as a tag (G5).

An alias is on one version of a collection. So the greatest version of a stage has the stage's name, capital letter and
all, which no alias of a user's has, and the others have it with their number: ``Production``, ``Production-2``.

Each fold that is mirrored lies in the ledger too, by its count, so that a slow writer of an older fold finds the newer
one, and sets right what it has overwritten. Until it has, its own mark says which fold the fields may still show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, get_args
from uuid import uuid4

from trackbridge.errors import Conflict
from trackbridge.protocol import Mirror, VersionState
from trackbridge.records.models import Approval, Stage
from trackbridge.records.times import now_ms
from trackbridge_wandb.ledger import Ledger
from trackbridge_wandb.objects import model_run
from trackbridge_wandb.versions import Collection, Version, Versions

__all__ = ["Mirrors", "mirrored_head", "version_state"]

_FOLD: Final = "fold"
_SHOWING: Final = "showing"
_ABANDONED_MS: Final = 300_000
_STAGE: Final = re.compile(r"(Staging|Production|Archived)(?:-\d+)?")
_NATIVE: Final = re.compile(r"latest|v\d+")


class Mirrors:
    """Writes folds to W&B's fields."""

    def __init__(self, ledger: Ledger, versions: Versions) -> None:
        self._ledger = ledger
        self._versions = versions

    def show(self, model: str, collection: Collection, members: Mapping[int, str], mirror: Mirror) -> None:
        """Show a fold; an older count than the one shown changes nothing.

        Args:
            model: The model.
            collection: Its collection in the registry.
            members: The id of W&B's version by number.
            mirror: The fold.
        """
        run = model_run(model)
        if _newer(self._ledger.group(run), mirror) is not mirror:
            return
        # Whoever reads meanwhile must know that the fields may show this fold, though a newer one was shown before.
        mark = f"{run}-s{uuid4().hex[:16]}"
        record = {_SHOWING: mirror.count, "head": mirror.head, "since_ms": now_ms()}
        self._ledger.put(mark, record, group=run, kind=_SHOWING)
        try:
            self._show(run, collection, members, mirror)
        finally:
            self._ledger.drop(mark)

    def _show(self, run: str, collection: Collection, members: Mapping[int, str], mirror: Mirror) -> None:
        cells = self._ledger.group(run)
        newest = _newer(cells, mirror)
        if newest is not mirror:
            return
        self._apply(collection, members, mirror)
        self._write(run, cells, mirror)
        # Who was overtaken while writing has left marks of an older fold on a newer one's: it sets them right.
        while (after := _newer(self._ledger.group(run), newest)) is not newest:
            newest = after
            self._apply(collection, members, newest)

    def _apply(self, collection: Collection, members: Mapping[int, str], mirror: Mirror) -> None:
        there = {version.id: version for version in self._versions.list(collection)}
        wanted = _aliases(mirror, members)
        for number, artifact in sorted(members.items()):
            version = there.get(artifact)
            if version is None:
                continue
            kept = {alias for alias in version.aliases if _NATIVE.fullmatch(alias)}
            self._versions.relabel(version, collection, kept | wanted.get(number, set()))
            self._tag(version, mirror.versions.get(number, VersionState()).approval)

    def _tag(self, version: Version, approval: Approval) -> None:
        there = {tag for tag in version.tags if tag in get_args(Approval)}
        wanted: set[str] = set() if approval == "pending" else {approval}
        if there != wanted:
            added, gone = ([{"tagName": tag} for tag in tags] for tags in (wanted - there, there - wanted))
            self._versions.update(version.id, tagsToAdd=added, tagsToDelete=gone)

    def _write(self, run: str, cells: Mapping[str, Mapping[str, Any]], mirror: Mirror) -> None:
        versions = {
            str(number): [state.stage, state.approval, list(state.aliases)]
            for number, state in mirror.versions.items()
            if state != VersionState()
        }
        record = {_FOLD: mirror.count, "head": mirror.head, "versions": versions}
        with suppress(Conflict):  # dropped already: a newer one has taken its place
            self._ledger.put(f"{run}-f{mirror.count}", record, group=run, kind=_FOLD)
        for key, cell in cells.items():
            if int(cell.get(_FOLD, mirror.count)) < mirror.count or (
                _SHOWING in cell and cell[_SHOWING] < mirror.count and cell["since_ms"] < now_ms() - _ABANDONED_MS
            ):
                self._ledger.drop(key)


def mirrored_head(cells: Mapping[str, Mapping[str, Any]]) -> tuple[int, str] | None:
    """Give count and head hash of the oldest fold that a model's fields may show now; None before the first."""
    latest = _latest(cells)
    if latest is None:
        return None
    return min([(latest.count, latest.head), *((cell[_SHOWING], cell["head"]) for cell in _showing(cells))])


def version_state(version: Version) -> VersionState:
    """Give what the registry's own fields show of a version now."""
    stages = [match[1] for alias in version.aliases if (match := _STAGE.fullmatch(alias))]
    approvals = [tag for tag in version.tags if tag in {"approved", "rejected"}]
    aliases = (alias for alias in version.aliases if not _STAGE.fullmatch(alias) and not _NATIVE.fullmatch(alias))
    return VersionState(
        stage=_as_stage(stages[0]) if stages else "None",
        approval="pending" if not approvals else "approved" if approvals[0] == "approved" else "rejected",
        aliases=tuple(sorted(aliases)),
    )


def _as_stage(text: str) -> Stage:
    found: Stage = next(stage for stage in get_args(Stage) if stage == text)
    return found


def _aliases(mirror: Mirror, members: Mapping[int, str]) -> dict[int, set[str]]:
    wanted: dict[int, set[str]] = {number: set() for number in members}
    named: set[str] = set()
    for number in sorted(members, reverse=True):
        state = mirror.versions.get(number, VersionState())
        wanted[number].update(state.aliases)
        if state.stage != "None":
            wanted[number].add(state.stage if state.stage not in named else f"{state.stage}-{number}")
            named.add(state.stage)
    return wanted


def _showing(cells: Mapping[str, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (cell for cell in cells.values() if _SHOWING in cell)


def _newer(cells: Mapping[str, Mapping[str, Any]], mirror: Mirror) -> Mirror:
    """Give the fold that lies on a model if it is newer than `mirror`, else `mirror`."""
    latest = _latest(cells)
    return latest if latest is not None and latest.count > mirror.count else mirror


def _latest(cells: Mapping[str, Mapping[str, Any]]) -> Mirror | None:
    folds = [cell for cell in cells.values() if _FOLD in cell]
    if not folds:
        return None
    latest = max(folds, key=lambda cell: int(cell[_FOLD]))
    states = {int(number): VersionState(s, a, tuple(names)) for number, (s, a, names) in latest["versions"].items()}
    return Mirror(int(latest[_FOLD]), str(latest["head"]), states)
