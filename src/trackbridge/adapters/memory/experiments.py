"""Experiments in memory (R2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from trackbridge.adapters.memory.state import MemoryState
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.times import now_ms

__all__ = ["MemoryExperiments", "edited"]


class MemoryExperiments:
    """See `trackbridge.protocol.ExperimentStore`."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def ensure(self, name: str) -> None:
        """Create the experiment if absent; restore a deleted one."""
        with self._state.held() as state:
            held = state.experiments.get(name) or ExperimentRecord(name, created_ms=now_ms())
            state.experiments[name] = replace(held, deleted=False)

    def get(self, name: str) -> ExperimentRecord | None:
        """Give an experiment, a deleted one too."""
        with self._state.held() as state:
            return state.experiments.get(name)

    def list(self) -> Iterator[ExperimentRecord]:
        """Give all that are not deleted, by name."""
        with self._state.held() as state:
            return iter([held for _, held in sorted(state.experiments.items()) if not held.deleted])

    def edit(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given."""
        with self._state.held() as state:
            held = state.experiment(name)
            state.experiments[name] = replace(
                held,
                description=held.description if description is None else description,
                tags=edited(held.tags, tags),
            )

    def delete(self, name: str) -> None:
        """Mark it deleted."""
        with self._state.held() as state:
            state.experiments[name] = replace(state.experiment(name), deleted=True)


def edited(held: Mapping[str, str], tags: Mapping[str, str | None]) -> dict[str, str]:
    """Give `held` with `tags` set, and those of None deleted."""
    return {name: value for name, value in {**held, **tags}.items() if value is not None}
