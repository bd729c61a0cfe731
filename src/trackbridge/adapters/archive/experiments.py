"""Experiments in an archive (R2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from trackbridge.adapters.archive.archive import Archive, Logs
from trackbridge.adapters.archive.log import Commit, Log
from trackbridge.adapters.archive.places import experiment_folder
from trackbridge.adapters.archive.rows import publish_row
from trackbridge.adapters.archive.tables import experiment_row
from trackbridge.adapters.refusals import no_experiment
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.times import now_ms

__all__ = ["ArchiveExperiments", "edited"]

_NONE: Final = ExperimentRecord("")
_Decision = tuple[dict[str, Any] | None, None]


class _Held:
    """The state of one experiment; without a name there is none."""

    def __init__(self) -> None:
        self.record = _NONE


class _Kind:
    """See `Kind`."""

    def fresh(self) -> _Held:
        return _Held()

    def apply(self, state: _Held, commit: Commit) -> None:
        if "experiment" in commit:
            state.record = ExperimentRecord(commit["experiment"], created_ms=commit["created_ms"])
        if "deleted" in commit:
            state.record = replace(state.record, deleted=commit["deleted"])
        if commit.get("description") is not None:
            state.record = replace(state.record, description=commit["description"])
        if "tags" in commit:
            state.record = replace(state.record, tags=edited(state.record.tags, commit["tags"]))

    def encode(self, state: _Held) -> dict[str, Any]:
        one = state.record
        return {
            "experiment": one.name,
            "created_ms": one.created_ms,
            "description": one.description,
            "tags": dict(one.tags),
            "deleted": one.deleted,
        }

    def decode(self, form: Mapping[str, Any]) -> _Held:
        state = _Held()
        self.apply(state, form)
        return state


class ArchiveExperiments:
    """See `trackbridge.protocol.ExperimentStore`."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._logs = Logs(archive, _Kind(), _fold)

    def ensure(self, name: str) -> None:
        """Create the experiment if absent; restore a deleted one."""

        def decide(state: _Held) -> _Decision:
            if not state.record.name:
                return {"experiment": name, "created_ms": now_ms()}, None
            return ({"deleted": False} if state.record.deleted else None), None

        self._logs.append(experiment_folder(name), decide)

    def get(self, name: str) -> ExperimentRecord | None:
        """Give an experiment, a deleted one too."""
        record = self._logs.of(experiment_folder(name)).refresh().record
        return record if record.name else None

    def list(self) -> Iterator[ExperimentRecord]:
        """Give all that are not deleted, by name."""
        folders = self._archive.vault.folders("experiments")
        found = [self._logs.of(f"experiments/{folder}").refresh().record for folder in folders]
        return iter(sorted((one for one in found if one.name and not one.deleted), key=lambda one: one.name))

    def edit(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given."""
        self._change(name, lambda _: ({"description": description, "tags": dict(tags)}, None))

    def delete(self, name: str) -> None:
        """Mark it deleted."""
        self._change(name, lambda state: (None if state.record.deleted else {"deleted": True}, None))

    def close(self) -> None:
        """Make the tables of all that changed."""
        self._logs.close()

    def _change(self, name: str, decide: Callable[[_Held], _Decision]) -> None:
        def decided(state: _Held) -> _Decision:
            if not state.record.name:
                raise no_experiment(name)
            return decide(state)

        self._logs.append(experiment_folder(name), decided)


def edited(held: Mapping[str, str], tags: Mapping[str, str | None]) -> dict[str, str]:
    """Give `held` with `tags` set, and those of None deleted."""
    return {name: value for name, value in {**held, **tags}.items() if value is not None}


def _fold(log: Log[_Held]) -> None:
    if log.refresh().record.name:
        key = publish_row(log, "experiment", experiment_row(log.state.record, log.last))
        log.snapshot()
        log.sweep({key})
