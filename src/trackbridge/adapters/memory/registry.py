"""Models, versions and trails in memory (G1–G8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from trackbridge.adapters.memory.experiments import edited
from trackbridge.adapters.memory.state import MemoryState, ModelState, VersionRow
from trackbridge.adapters.refusals import no_version, spent_model, spent_number
from trackbridge.protocol import Mirror, NativeModel, NativeVersion, VersionSpec, VersionState
from trackbridge.records.times import now_ms

__all__ = ["MemoryRegistry"]


class MemoryRegistry:
    """See `trackbridge.protocol.RegistryStore`."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def ensure_model(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""
        with self._state.held() as state:
            if state.models.setdefault(name, ModelState(now_ms())).deleted:
                raise spent_model(name)

    def get_model(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too."""
        with self._state.held() as state:
            return _native_model(name, state.models[name]) if name in state.models else None

    def list_models(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        with self._state.held() as state:
            return iter(
                [_native_model(name, model) for name, model in sorted(state.models.items()) if not model.deleted]
            )

    def edit_model(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given."""
        with self._state.held() as state:
            model = state.model(name)
            model.description = model.description if description is None else description
            model.tags = edited(model.tags, tags)

    def delete_model(self, name: str) -> None:
        """Mark it and its versions deleted: its name and numbers are spent."""
        with self._state.held() as state:
            model = state.model(name)
            model.deleted = True
            for row in model.versions.values():
                row.deleted = True
            model.aliases.clear()

    def create_version(self, model: str, spec: VersionSpec, number: int | None = None) -> int:
        """Create a version and give its number; the same token gives the number it gave before."""
        with self._state.held() as state:
            held = state.model(model)
            if held.deleted:
                raise spent_model(model)
            for given, row in held.versions.items():
                if row.spec.token == spec.token:
                    if number not in (None, given):
                        raise spent_number(model, given, f"was made with the same token and cannot be {number}")
                    return given
            if number is None:
                number = max(held.versions, default=0) + 1
            elif number in held.versions:
                raise spent_number(model, number, "exists or existed already")
            held.versions[number] = VersionRow(spec)
            return number

    def versions(self, model: str) -> Iterator[NativeVersion]:
        """Give all versions that are not deleted, by number."""
        with self._state.held() as state:
            held = state.model(model)
            return iter(
                [_native_version(held, number) for number in sorted(held.versions) if not held.versions[number].deleted]
            )

    def versions_of_run(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give (model, number) of every version made from a run that is not deleted."""
        with self._state.held() as state:
            return iter(
                [
                    (name, number)
                    for name, model in sorted(state.models.items())
                    for number, row in sorted(model.versions.items())
                    if row.spec.run_id == run_id and not row.deleted
                ]
            )

    def edit_version(self, model: str, number: int, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given."""
        with self._state.held() as state:
            row = _row(state, model, number)
            spec = row.spec
            row.spec = replace(
                spec,
                description=spec.description if description is None else description,
                tags=edited(spec.tags, tags),
            )

    def delete_version(self, model: str, number: int) -> None:
        """Delete a version: its number is spent."""
        with self._state.held() as state:
            held = state.model(model)
            if number not in held.versions:
                raise no_version(model, number)
            held.versions[number].deleted = True
            held.aliases = {alias: target for alias, target in held.aliases.items() if target != number}

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` of the trail if absent."""
        with self._state.held() as state:
            return state.model(model).entries.setdefault(n, data) == data

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on."""
        with self._state.held() as state:
            return iter([data for n, data in sorted(state.model(model).entries.items()) if n >= start])

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        """Show a fold of the trail; an older count changes nothing, nor does a version that is not named."""
        with self._state.held() as state:
            held = state.model(model)
            if held.mirrored and mirror.count < held.mirrored[0]:
                return
            shown = {n: version for n, version in mirror.versions.items() if n in held.versions}
            held.aliases = {alias: n for alias, n in held.aliases.items() if n not in shown}
            for number, version in shown.items():
                held.versions[number].stage = version.stage
                held.versions[number].approval = version.approval
                held.aliases.update(dict.fromkeys(version.aliases, number))
            held.mirrored = (mirror.count, mirror.head)


def _row(state: MemoryState, model: str, number: int) -> VersionRow:
    row = state.model(model).versions.get(number)
    if row is None or row.deleted:
        raise no_version(model, number)
    return row


def _native_model(name: str, model: ModelState) -> NativeModel:
    return NativeModel(name, model.description, dict(model.tags), model.created_ms, model.deleted, model.mirrored)


def _native_version(model: ModelState, number: int) -> NativeVersion:
    row = model.versions[number]
    aliases = tuple(sorted(alias for alias, target in model.aliases.items() if target == number))
    return NativeVersion(number, row.spec, VersionState(row.stage, row.approval, aliases))
