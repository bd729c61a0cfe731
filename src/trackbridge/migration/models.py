"""Models: versions with their numbers, and the audit trail verbatim, of which everything else is the fold (G1–G8)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from trackbridge.errors import Conflict, NotFound, TrackbridgeError
from trackbridge.migration.differences import Difference, form_differences
from trackbridge.migration.outcomes import Outcome, State, Verdict
from trackbridge.migration.sides import Side
from trackbridge.protocol import NativeVersion, RegistryStore, Scope, VersionSpec
from trackbridge.records.trail import encode_entry
from trackbridge.registry.state import ModelState, read_state

__all__ = ["carry_model", "compare_models", "find_models"]


def find_models(side: Side) -> list[str]:
    """Give the names of all models that are not deleted."""
    return [model.name for model in side.adapter.registry.list_models()]


def carry_model(source: Side, target: Side, name: str, *, check: bool = True) -> Outcome:
    """Bring one model to the target, whose runs are there already; what is there is not sent again.

    Args:
        source: Where it is.
        target: Where it goes.
        name: The model's name.
        check: Compare the two digests afterwards (C3).

    Raises:
        Conflict: the target has another model of that name: other versions under these numbers, another trail.
        TrackbridgeError: one of the two cannot be read or written to.
    """
    begin = time.monotonic()
    state = read_state(source.adapter.registry, name)
    before = _digest(target, name)
    wanted = source.store.registry.digest(name)
    sent = 0
    if before != wanted or not _has_objects(source, target, name):
        sent = _Carriage(source.adapter.registry, target.adapter.registry, name, state).carry()
        sent += _carry_objects(source, target, name)
    how: State = "already" if before == wanted and not sent else "copied" if before is None else "completed"
    outcome = Outcome("model", name, how, digest=wanted, name=name, sent_files=sent)
    if check:
        differences = compare_models(source, target, name)
        verdict: Verdict = "different" if differences else "equal"
        outcome = replace(outcome, verdict=verdict, differences=differences)
    return replace(
        outcome, unfiled=_unfiled(source, name, state), notes=_notes(state), seconds=time.monotonic() - begin
    )


def compare_models(source: Side, target: Side, name: str) -> tuple[Difference, ...]:
    """Give all that is not equal of a model: itself, its versions, and its trail entry by entry (C3)."""
    try:
        canonical = target.store.registry.canonical(name)
    except NotFound:
        return (Difference("model", name, None),)
    except TrackbridgeError as error:
        return (Difference("model", name, f"cannot be read: {error.message}"),)
    found = form_differences(source.store.registry.canonical(name), canonical)
    if any(difference.what == "trail" for difference in found):
        found += _entries_differ(source, target, name)
    scope = Scope("model", name)
    left, right = ({one.path: one for one in side.object_records(scope)} for side in (source, target))
    for path in sorted(left.keys() | right.keys()):
        if left.get(path) != right.get(path):
            shown = [
                None if one is None else f"{one.size} bytes, sha256 {one.sha256}"
                for one in (left.get(path), right.get(path))
            ]
            found.append(Difference(f"objects.{path}", *shown))
    return tuple(found)


def _digest(side: Side, name: str) -> str | None:
    try:
        return side.store.registry.digest(name)
    except NotFound:
        return None


def _unfiled(source: Side, name: str, state: ModelState) -> int:
    versions = source.adapter.registry.versions(name)
    return sum(one.spec.run_id is None and one.number not in state.fold.deleted for one in versions)


def _notes(state: ModelState) -> tuple[str, ...]:
    forks = [f"entry {fork.n} by {fork.actor} lost at the source, and stays there" for fork in state.chain.forks]
    return tuple(forks)


def _entries_differ(source: Side, target: Side, name: str) -> list[Difference]:
    left, right = (list(side.adapter.registry.entries(name)) for side in (source, target))
    shown = []
    for n in range(max(len(left), len(right))):
        here, there = ((each[n].decode("utf-8", "replace") if n < len(each) else None) for each in (left, right))
        if here != there:
            shown.append(Difference(f"trail entry {n}", here, there))
    return shown[:5]


def _has_objects(source: Side, target: Side, name: str) -> bool:
    scope = Scope("model", name)
    there = {one.name for one in target.adapter.objects.list(scope)}
    return all(one.name in there for one in source.adapter.objects.list(scope))


def _carry_objects(source: Side, target: Side, name: str) -> int:
    scope = Scope("model", name)
    there = {one.path: one.sha256 for one in target.object_records(scope)}
    sent = 0
    for path, data in source.objects(scope):
        if there.get(path) != hashlib.sha256(data).hexdigest():
            target.adapter.objects.put(scope, path, data)
            sent += 1
    return sent


@dataclass(slots=True)
class _Carriage:
    source: RegistryStore
    target: RegistryStore
    name: str
    state: ModelState

    def carry(self) -> int:
        """Bring what is missing; give how many versions and entries that were."""
        self.target.ensure_model(self.name)
        self._label()
        sent = self._versions()
        sent += self._trail()
        if self.state.chain.entries or self.state.outside:
            self.target.set_mirror(self.name, self.state.mirror())
        return sent

    def _label(self) -> None:
        native, there = self.state.native, self.target.get_model(self.name)
        assert there is not None
        tags = _changed(native.tags, there.tags)
        text = _text(native.description, there.description)
        if tags or text is not None:
            self.target.edit_model(self.name, description=text, tags=tags)

    def _versions(self) -> int:
        there = {version.number: version for version in self.target.versions(self.name)}
        versions = {version.number: version for version in self.source.versions(self.name)}
        gone = self.state.fold.deleted - versions.keys()
        spent_there = {
            entry.version
            for entry in read_state(self.target, self.name).chain.entries
            if entry.action == "delete_version"
        }
        sent = 0
        for number in sorted({*versions, *gone}):
            version = versions.get(number)
            if version is None:
                if number not in spent_there and number not in there:
                    self._spend(number)
                continue
            if number in self.state.fold.deleted:
                continue  # a zombie: its trail has deleted it
            if number in there:
                self._relabel(version, there[number])
                continue
            self.target.create_version(self.name, version.spec, number)
            sent += 1
        return sent

    def _spend(self, number: int) -> None:
        """Use a number up that the source has used up: it must never be given again (G1)."""
        spec = VersionSpec(f"spent {self.name} {number}", None, "spent", None, 0)
        try:
            self.target.create_version(self.name, spec, number)
        except Conflict:
            return  # used up before
        self.target.delete_version(self.name, number)

    def _relabel(self, version: NativeVersion, there: NativeVersion) -> None:
        mine, theirs = version.spec, there.spec
        if (mine.run_id, mine.artifact_path, mine.digest) != (theirs.run_id, theirs.artifact_path, theirs.digest):
            raise Conflict(
                f"version {version.number} of model {self.name!r} is another one in the target: made from run "
                f"{theirs.run_id}, {theirs.artifact_path!r}",
                clause="G1",
                remedy="Rename one of the two models, or leave this one out.",
            )
        tags, text = _changed(mine.tags, theirs.tags), _text(mine.description, theirs.description)
        if tags or text is not None:
            self.target.edit_version(self.name, version.number, description=text, tags=tags)

    def _trail(self) -> int:
        there = list(self.target.entries(self.name))
        sent = 0
        for entry in self.state.chain.entries:
            data = encode_entry(entry)
            if entry.n < len(there) and there[entry.n] == data:
                continue
            if not self.target.append_entry(self.name, entry.n, data):
                raise Conflict(
                    f"entry {entry.n} of the trail of model {self.name!r} is another one in the target",
                    clause="G5",
                    remedy="Decisions were made in both places: a trail cannot be merged. Rename one, or leave it out.",
                )
            sent += 1
        return sent


def _changed(mine: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str | None]:
    return {name: text for name, text in mine.items() if theirs.get(name) != text}


def _text(mine: str | None, theirs: str | None) -> str | None:
    return mine if mine and mine != theirs else None
