"""Experiments (R2): MLflow's own, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trackbridge.errors import Conflict, NotFound, TrackbridgeError
from trackbridge.records.experiments import ExperimentRecord
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.ledger import LEDGER
from trackbridge_mlflow.tags import NOTE, long_text, plain_tags, stale

__all__ = ["Experiments"]

_TAG_CHARS = 5_000  # what the oldest of MLflow 3's databases hold
_DESCRIPTION = "mlflow note"  # the name under which a long description is kept whole; no tag of ours has it


class Experiments:
    """See `trackbridge.protocol.ExperimentStore`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def ensure(self, name: str) -> None:
        """Create the experiment if absent; restore a deleted one."""
        self.ensured(name)

    def ensured(self, name: str) -> str:
        """Do that, and give MLflow's id."""
        if name == LEDGER:
            raise Conflict(f"the experiment {name!r} is trackbridge's own", clause="R2", remedy="Take another name.")
        found = self._client.experiment(name)
        if found is None:
            try:
                return str(self._client.tracking.create_experiment(name))
            except TrackbridgeError:
                found = self._client.experiment(name)  # another process was first, or the answer was lost
                if found is None:
                    raise
        if found.lifecycle_stage != "active":
            try:
                self._client.tracking.restore_experiment(found.experiment_id)
            except TrackbridgeError:
                again = self._client.experiment(name)
                if again is None or again.lifecycle_stage != "active":
                    raise
        return str(found.experiment_id)

    def get(self, name: str) -> ExperimentRecord | None:
        """Give an experiment, a deleted one too; None where there is none."""
        found = None if name == LEDGER else self._client.experiment(name)
        return None if found is None else _record(found)

    def list(self) -> Iterator[ExperimentRecord]:
        """Give all that are not deleted, by name."""
        records = [_record(found) for found in self._client.experiments(deleted=False) if found.name != LEDGER]
        yield from sorted(records, key=lambda record: record.name)

    def edit(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        found = self._existing(name)
        before, experiment_id = dict(found.tags), found.experiment_id
        if description is not None:
            self._set(experiment_id, _described(description), before)
        for tag, value in tags.items():
            if value is not None:
                self._set(experiment_id, long_text(tag, value, chars=_TAG_CHARS), before)
                continue
            for key in stale(tag, before):
                self._unset(experiment_id, key)

    def delete(self, name: str) -> None:
        """Mark it deleted."""
        found = self._existing(name)
        if found.lifecycle_stage == "active":
            self._client.tracking.delete_experiment(found.experiment_id)

    def ids(self, names: Sequence[str] | None) -> Sequence[str]:
        """Give MLflow's ids of these experiments, deleted ones too; of all but the ledger for None."""
        if names is None:
            return [found.experiment_id for found in self._client.experiments() if found.name != LEDGER]
        found = (self._client.experiment(name) for name in names if name != LEDGER)
        return [experiment.experiment_id for experiment in found if experiment is not None]

    def _existing(self, name: str) -> Any:
        found = None if name == LEDGER else self._client.experiment(name)
        if found is None:
            raise NotFound(f"there is no experiment {name!r} in {self._client.address.shown}", clause="R2")
        return found

    def _set(self, experiment_id: str, tags: Mapping[str, str], before: Mapping[str, str]) -> None:
        from mlflow.entities import ExperimentTag

        for key, value in tags.items():
            if before.get(key) != value:
                self._client.tracking.set_experiment_tag(experiment_id, ExperimentTag(key, value))

    def _unset(self, experiment_id: str, key: str) -> None:
        try:
            self._client.tracking.delete_experiment_tag(experiment_id, key)
        except NotFound:
            return


def _described(text: str) -> dict[str, str]:
    """Give the tags of a description: MLflow's own note, and the whole where that cannot hold it."""
    tags = long_text(_DESCRIPTION, text, chars=_TAG_CHARS)
    return {(NOTE if key == _DESCRIPTION else key): value for key, value in tags.items()}


def _record(found: Any) -> ExperimentRecord:
    native = dict(found.tags)
    if NOTE in native:
        native[_DESCRIPTION] = native[NOTE]
    tags = plain_tags(native)
    return ExperimentRecord(
        name=found.name,
        description=tags.pop(_DESCRIPTION, None),
        tags=tags,
        created_ms=int(found.creation_time or 0),
        deleted=found.lifecycle_stage != "active",
    )
