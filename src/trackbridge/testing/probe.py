"""The independent reader: what the vendor's own raw client sees, never through the adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from trackbridge.protocol import VersionState
from trackbridge.records.runs import RunStatus

__all__ = ["Probe", "ProbedModel", "ProbedRun"]


@dataclass(frozen=True, slots=True)
class ProbedRun:
    """A run as the vendor's raw client shows it, under the vendor's own names.

    `params` has whatever type the vendor gives back; `datasets` are (name, digest, context) as far as the vendor shows
    them; `artifacts` maps a path to its size. Tags and attributes that belong to the adapter itself are left out.
    """

    native_id: str
    name: str | None
    experiment: str
    status: RunStatus
    started_ms: int
    ended_ms: int | None
    parent: str | None
    deleted: bool
    params: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[tuple[str, str | None, str | None], ...] = ()
    artifacts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProbedModel:
    """A model as the vendor's raw client shows it: the state of each version in the vendor's own fields."""

    name: str
    versions: Mapping[int, VersionState]
    entries: tuple[bytes, ...]


class Probe(Protocol):
    """Made of a backend's URL by the callable that `AdapterSpec.probe` names; imports nothing of the adapter."""

    def run(self, run_id: str) -> ProbedRun | None:
        """Find the run by trackbridge's id."""

    def series(self, run_id: str, metric: str) -> list[tuple[int, int, float]]:
        """Give (step, timestamp in ms, value) of every native point of the metric's native name, in any order."""

    def artifact(self, run_id: str, path: str) -> bytes:
        """Give the bytes of an artifact."""

    def model(self, name: str) -> ProbedModel | None:
        """Find a model, its versions and its stored trail."""

    def delete_sidecars(self, run_id: str) -> int:
        """Delete the run's sidecar objects behind everybody's back; give how many there were."""

    def set_tag(self, run_id: str, name: str, value: str) -> None:
        """Change a native tag as a colleague with the vendor's client would."""

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Change a version's native stage as a colleague would."""

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Overwrite the stored trail, leaving the head that lies on the model as it was: what a forger would do."""

    def close(self) -> None:
        """Let go of connections."""
