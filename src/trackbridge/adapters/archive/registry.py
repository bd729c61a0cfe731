"""Models, versions and trails in an archive (G1–G8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from trackbridge.adapters.archive.archive import Archive, Logs
from trackbridge.adapters.archive.log import Log
from trackbridge.adapters.archive.modelstate import ModelKind, ModelState
from trackbridge.adapters.archive.places import model_folder
from trackbridge.adapters.archive.rows import publish_row
from trackbridge.adapters.archive.tables import model_row
from trackbridge.adapters.archive.vault import Vault
from trackbridge.adapters.refusals import no_model, no_version, spent_model, spent_number
from trackbridge.protocol import Mirror, NativeModel, NativeVersion, VersionSpec
from trackbridge.records.times import now_ms

__all__ = ["ArchiveRegistry"]

_Decision = tuple[dict[str, Any] | None, Any]


class ArchiveRegistry:
    """See `trackbridge.protocol.RegistryStore`. Each entry of a trail is a file, created only if it is absent."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._logs = Logs(archive, ModelKind(), _fold)

    def ensure_model(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""

        def decide(state: ModelState) -> _Decision:
            if state.deleted:
                raise spent_model(name)
            return (None if state.name else {"model": name, "created_ms": now_ms()}), None

        self._logs.append(model_folder(name), decide)

    def get_model(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too."""
        state = self._logs.of(model_folder(name)).refresh()
        return _native(state) if state.name else None

    def list_models(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        states = (log.refresh() for log in self._all())
        return iter(sorted((_native(one) for one in states if one.name and not one.deleted), key=lambda one: one.name))

    def edit_model(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given."""
        self._change(name, lambda _: ({"description": description, "tags": dict(tags)}, None))

    def delete_model(self, name: str) -> None:
        """Mark it and its versions deleted: its name and numbers are spent."""
        self._change(name, lambda state: (None if state.deleted else {"deleted": True}, None))

    def create_version(self, model: str, spec: VersionSpec, number: int | None = None) -> int:
        """Create a version and give its number; the same token gives the number it gave before."""

        def decide(state: ModelState) -> _Decision:
            if state.deleted:
                raise spent_model(model)
            for given, row in state.versions.items():
                if row.spec.token == spec.token:
                    if number not in (None, given):
                        raise spent_number(model, given, f"was made with the same token and cannot be {number}")
                    return None, given
            if number is not None and number in state.versions:
                raise spent_number(model, number, "exists or existed already")
            free = max(state.versions, default=0) + 1 if number is None else number
            return {"versions": [{"number": free, "spec": asdict(spec)}]}, free

        return int(self._change(model, decide))

    def versions(self, model: str) -> Iterator[NativeVersion]:
        """Give all versions that are not deleted, by number."""
        log = self._logs.of(model_folder(model))
        with log.lock:
            state = log.refresh()
            if not state.name:
                raise no_model(model)
            return iter([state.native(n) for n, row in sorted(state.versions.items()) if not row.deleted])

    def versions_of_run(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give (model, number) of every version made from a run that is not deleted."""
        found = []
        for log in self._all():
            with log.lock:
                state = log.refresh()
                found += [
                    (state.name, n)
                    for n, row in state.versions.items()
                    if row.spec.run_id == run_id and not row.deleted
                ]
        return iter(sorted(found))

    def edit_version(self, model: str, number: int, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given."""

        def decide(state: ModelState) -> _Decision:
            if number not in state.versions or state.versions[number].deleted:
                raise no_version(model, number)
            return {"versions": [{"number": number, "description": description, "tags": dict(tags)}]}, None

        self._change(model, decide)

    def delete_version(self, model: str, number: int) -> None:
        """Delete a version: its number is spent."""

        def decide(state: ModelState) -> _Decision:
            if number not in state.versions:
                raise no_version(model, number)
            gone = state.versions[number].deleted
            return (None if gone else {"versions": [{"number": number, "deleted": True}]}), None

        self._change(model, decide)

    def append_entry(self, model: str, n: int, data: bytes) -> bool:
        """Create entry `n` of the trail if absent."""
        vault, key = self._archive.begin(), _entry(model_folder(model), n)
        if not self._logs.of(model_folder(model)).refresh().name:
            raise no_model(model)
        return vault.create(key, data) or vault.read(key) == data

    def entries(self, model: str, start: int = 0) -> Iterator[bytes]:
        """Give the trail from entry `start` on; each entry names the hash of the one before (G5)."""
        log = self._logs.of(model_folder(model))
        if not log.refresh().name:
            raise no_model(model)
        return iter([data for n, data in sorted(_trail(log.vault, log.folder, start).items())])

    def set_mirror(self, model: str, mirror: Mirror) -> None:
        """Show a fold of the trail; an older count changes nothing."""
        form = {
            "count": mirror.count,
            "head": mirror.head,
            "versions": {str(n): asdict(one) for n, one in mirror.versions.items()},
        }

        def decide(state: ModelState) -> _Decision:
            return (None if state.mirrored and mirror.count < state.mirrored[0] else {"mirror": form}), None

        self._change(model, decide)

    def close(self) -> None:
        """Make the tables of all that changed."""
        self._logs.close()

    def _all(self) -> Iterator[Log[ModelState]]:
        return (self._logs.of(f"models/{folder}") for folder in self._archive.vault.folders("models"))

    def _change(self, model: str, decide: Callable[[ModelState], _Decision]) -> Any:
        def decided(state: ModelState) -> _Decision:
            if not state.name:
                raise no_model(model)
            return decide(state)

        return self._logs.append(model_folder(model), decided)


def _fold(log: Log[ModelState]) -> None:
    state = log.refresh()
    if state.name:
        versions = [(state.native(n), row.deleted) for n, row in sorted(state.versions.items())]
        row = model_row(_native(state), versions, _trail(log.vault, log.folder, 0), log.last)
        key = publish_row(log, "model", row)
        log.snapshot()
        log.sweep({key})


def _entry(folder: str, n: int) -> str:
    return f"{folder}/trail/{n:08}"


def _trail(vault: Vault, folder: str, start: int) -> dict[int, bytes]:
    numbers = (int(name) for name in vault.names(f"{folder}/trail"))
    return {n: vault.read(_entry(folder, n)) for n in numbers if n >= start}


def _native(state: ModelState) -> NativeModel:
    return NativeModel(state.name, state.description, dict(state.tags), state.created_ms, state.deleted, state.mirrored)
