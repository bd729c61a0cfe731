"""A model as it stands: what the vendor holds, what the verified trail says, and what was changed past it (G5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trackbridge.errors import NotFound
from trackbridge.protocol import Mirror, NativeModel, NativeVersion, RegistryStore, VersionState
from trackbridge.records.models import ModelVersion
from trackbridge.records.names import shown
from trackbridge.records.trail import GENESIS, TrailEntry
from trackbridge.registry.chain import Chain, verify_chain
from trackbridge.registry.fold import Fold, Window
from trackbridge.registry.outside import changed_fields, outside_changes

__all__ = ["ModelState", "read_state"]


@dataclass(frozen=True, slots=True)
class ModelState:
    """One reading of a model.

    Attributes:
        native: The model as the backend holds it.
        chain: Its verified trail.
        fold: What holds now: the trail, and on top of it what was changed outside.
        versions: Every version that is not deleted, by number.
        outside: The changes past the trail, as entries that nobody has written yet.
        zombies: Versions that the trail has deleted and the backend still shows.
    """

    native: NativeModel
    chain: Chain
    fold: Fold
    versions: Mapping[int, ModelVersion]
    outside: tuple[TrailEntry, ...]
    zombies: frozenset[int]

    @property
    def settled(self) -> bool:
        """Whether the backend's own fields show all that the trail says."""
        count = len(self.chain.entries)
        return (self.native.mirrored or (0, GENESIS)) == (count, self.chain.head) and not self.zombies

    def mirror(self) -> Mirror:
        """Give what the backend's own fields shall show; a change made outside stays as it is."""
        return Mirror(len(self.chain.entries), self.chain.head, self.fold.states(self.versions))

    def after(self, act: TrailEntry) -> ModelState:
        """Give the state that one more entry leads to."""
        fold = self.fold.after([act])
        states = fold.states(self.versions.keys() - fold.deleted)
        versions = {
            number: replace(version, stage=now.stage, approval=now.approval, aliases=now.aliases)
            for number, version in self.versions.items()
            if (now := states.get(number)) is not None
        }
        return replace(self, fold=fold, versions=versions)

    def version(self, number: int) -> ModelVersion:
        """Give one version; raise `NotFound` where there is none."""
        version = self.versions.get(number)
        if version is None:
            raise NotFound(
                f"model {shown(self.native.name)} has no version {number}",
                clause="G1",
                remedy=f"It has {', '.join(map(str, self.versions)) or 'none'}.",
            )
        return version


def read_state(store: RegistryStore, name: str) -> ModelState:
    """Read a model with all its versions and its trail.

    The model is read before its versions and these before the trail, so that the trail explains at least what was seen.

    Raises:
        NotFound: there is no such model.
        IntegrityError: the trail is damaged.
    """
    state = _read(store, name)
    if any(change.action == "delete_version" for change in state.outside):
        # Either deleted past the trail, or made and promoted after the versions were listed: a second look tells.
        state = _read(store, name)
    return state


def _read(store: RegistryStore, name: str) -> ModelState:
    native = store.get_model(name)
    if native is None or native.deleted:
        raise NotFound(f"there is no model {shown(name)}", clause="G1")
    found = {version.number: version for version in store.versions(name)}
    chain = verify_chain(name, store.entries(name), native.mirrored)
    window = Window(chain.entries, native.mirrored[0] if native.mirrored else 0)
    outside: tuple[TrailEntry, ...] = ()
    if chain.reaches(native.mirrored):  # what shows a fork that lost was changed by nobody outside
        outside = outside_changes(window, {number: version.state for number, version in found.items()})
    fold = window.last.after(outside)
    living = {number: found[number] for number in sorted(found) if number not in fold.deleted}
    states, changed = fold.states(living), changed_fields(window.last, outside)
    versions = {
        number: _record(name, version, states[number], tuple(sorted(changed.get(number, ()))))
        for number, version in living.items()
    }
    return ModelState(native, chain, fold, versions, outside, frozenset(found.keys() & fold.deleted))


def _record(model: str, native: NativeVersion, state: VersionState, outside: tuple[str, ...]) -> ModelVersion:
    spec = native.spec
    return ModelVersion(
        model=model,
        number=native.number,
        run_id=spec.run_id,
        artifact_path=spec.artifact_path,
        digest=spec.digest,
        signature=spec.signature,
        input_example=spec.input_example,
        description=spec.description or None,  # some vendors do not tell an empty one from none
        tags=spec.tags,
        created_ms=spec.created_ms,
        stage=state.stage,
        approval=state.approval,
        aliases=state.aliases,
        outside=outside,
    )
