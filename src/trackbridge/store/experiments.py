"""``store.experiments``: what runs are grouped under (R2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from trackbridge.errors import NotFound
from trackbridge.protocol import Backend
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.names import check_name, shown
from trackbridge.registry.labels import checked_description, checked_tags

__all__ = ["Experiments"]


class Experiments:
    """The experiments of a store; they come to be when a run first uses their name."""

    def __init__(self, backend: Backend) -> None:
        self._experiments = backend.adapter.experiments

    def list(self) -> Sequence[ExperimentRecord]:
        """Give all experiments by name."""
        return [_record(found) for found in self._experiments.list()]

    def get(self, name: str) -> ExperimentRecord:
        """Give an experiment; raise `NotFound` where there is none, or it was deleted."""
        found = self._experiments.get(check_name(name, "experiment"))
        if found is None or found.deleted:
            raise NotFound(f"there is no experiment {shown(name)}", clause="R2")
        return _record(found)

    def edit(self, name: str, *, description: str | None = None, tags: Mapping[str, str | None] | None = None) -> None:
        """Set the description, and the tags given; what is not given stays.

        An empty description is none, a tag of None is deleted.

        Raises:
            NotFound: there is no such experiment.
            Rejected: a value that can never be kept.
        """
        self.get(name)
        self._experiments.edit(name, description=checked_description(description), tags=checked_tags(tags))

    def delete(self, name: str) -> None:
        """Mark an experiment deleted; a run that uses its name brings it back."""
        self.get(name)
        self._experiments.delete(name)


def _record(found: ExperimentRecord) -> ExperimentRecord:
    return replace(found, description=found.description or None)  # some vendors do not tell an empty one from none
