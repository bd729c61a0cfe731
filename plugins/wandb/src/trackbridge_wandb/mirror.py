"""The fold of a trail, shown in the registry's own fields: stages and aliases as aliases, approval as a tag (G5).

An alias is on one version of a collection. So the greatest version of a stage has the stage's name, capital letter and
all, which no alias of a user's has, and the others have it with their number: ``Production``, ``Production-2``.

Each fold that is mirrored lies in the ledger too, by its count, so that a slow writer of an older fold finds the newer
one, and sets right what it has overwritten. Until it has, its own mark says which fold the fields may still show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
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

__all__ = ["Mirrors", "folded_stage", "mirrored_head", "settled_fold", "version_state"]

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
        """Move aliases so that no version is without its stage meanwhile.

        An alias that is added is taken away from whoever has it. So each version first gets an alias of its stage that
        nobody else has, then those of other stages go, and only then the stage's bare name moves.
        """
        listed = {version.id: version for version in self._versions.list(collection)}
        there = {number: listed[artifact] for number, artifact in members.items() if artifact in listed}
        wanted = _aliases(mirror, there)
        held = {alias: number for number, version in there.items() for alias in version.aliases}
        for number, version in there.items():
            safe = {
                alias if held.get(alias, number) == number else f"{alias}-{number}" if _is_stage(alias) else ""
                for alias in wanted[number]
            } - {""}
            kept = {alias for alias in version.aliases if _NATIVE.fullmatch(alias) or not _is_stage(alias)}
            self._versions.label(version, collection, add=safe - set(version.aliases))
            self._versions.label(version, collection, drop=set(version.aliases) - safe - kept)
        for number, version in there.items():
            safe = {f"{alias}-{number}" for alias in wanted[number] if _is_stage(alias)} - wanted[number]
            gone = {alias for alias in version.aliases if not _NATIVE.fullmatch(alias) and not _is_stage(alias)}
            moved = {alias for alias in wanted[number] if held.get(alias) != number}
            self._versions.label(version, collection, add=moved)
            self._versions.label(version, collection, drop=(gone - wanted[number]) | safe)
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


def settled_fold(cells: Mapping[str, Mapping[str, Any]]) -> int | None:
    """Give the count of the fold that a model's fields show; None while they are being written."""
    latest = _latest(cells)
    return None if any(_showing(cells)) else latest.count if latest else 0


def folded_stage(cells: Mapping[str, Mapping[str, Any]], number: int) -> Stage:
    """Give the stage of a version by the newest fold that was shown."""
    latest = _latest(cells)
    return latest.versions.get(number, VersionState()).stage if latest else "None"


def version_state(version: Version, unmarked: Stage = "None") -> VersionState:
    """Give what the registry's own fields show of a version now.

    Args:
        version: The version as a member of the registry's collection.
        unmarked: Its stage if no alias says one.
    """
    stages = [match[1] for alias in version.aliases if (match := _STAGE.fullmatch(alias))]
    approvals = [tag for tag in version.tags if tag in {"approved", "rejected"}]
    aliases = (alias for alias in version.aliases if not _STAGE.fullmatch(alias) and not _NATIVE.fullmatch(alias))
    return VersionState(
        stage=_as_stage(stages[0]) if stages else unmarked,
        approval="pending" if not approvals else "approved" if approvals[0] == "approved" else "rejected",
        aliases=tuple(sorted(aliases)),
    )


def _as_stage(text: str) -> Stage:
    found: Stage = next(stage for stage in get_args(Stage) if stage == text)
    return found


def _is_stage(alias: str) -> bool:
    return _STAGE.fullmatch(alias) is not None


def _aliases(mirror: Mirror, members: Iterable[int]) -> dict[int, set[str]]:
    wanted: dict[int, set[str]] = {number: set() for number in members}
    named: set[str] = set()
    for number in sorted(wanted, reverse=True):
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
