"""The state of a memory backend: plain dicts and sets, which a test may read as they are."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from trackbridge.adapters.refusals import no_experiment, no_model, no_run
from trackbridge.errors import Unsupported
from trackbridge.protocol import Scope, VersionSpec
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.models import Approval, Stage
from trackbridge.records.values import ParamValue
from trackbridge.records.writes import AttributeWrite, RunHeader, StatusWrite, TagWrite

__all__ = ["MemoryState", "ModelState", "RunState", "VersionRow", "state_of"]


@dataclass(slots=True)
class RunState:
    """One run and all it has.

    A deleted tag or attribute stays as a write of None, so that an older write cannot bring it back (T1). A series
    maps (step, timestamp in ms, sort key of the value) to the value: a set of points (M2).
    """

    header: RunHeader
    first_name: str | None
    deleted: bool = False
    status: StatusWrite | None = None
    epochs: set[int] = field(default_factory=set)
    params: dict[str, ParamValue] = field(default_factory=dict)
    tags: dict[str, TagWrite] = field(default_factory=dict)
    attributes: dict[str, AttributeWrite] = field(default_factory=dict)
    datasets: dict[tuple[str, ...], DatasetRecord] = field(default_factory=dict)
    series: dict[str, dict[tuple[int, int, int], float]] = field(default_factory=dict)
    artifacts: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class VersionRow:
    """One version of a model; a deleted one stays, for its number and token are spent (G1)."""

    spec: VersionSpec
    stage: Stage = "None"
    approval: Approval = "pending"
    deleted: bool = False


@dataclass(slots=True)
class ModelState:
    """One model: its versions by number, its aliases, its trail by entry number."""

    created_ms: int
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    versions: dict[int, VersionRow] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    entries: dict[int, bytes] = field(default_factory=dict)
    mirrored: tuple[int, str] | None = None


@dataclass(slots=True)
class MemoryState:
    """One whole store; touched only within `held`."""

    experiments: dict[str, ExperimentRecord] = field(default_factory=dict)
    runs: dict[str, RunState] = field(default_factory=dict)
    purged: set[str] = field(default_factory=set)
    objects: dict[Scope, dict[str, bytes]] = field(default_factory=dict)
    models: dict[str, ModelState] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    pid: int = field(default_factory=os.getpid)

    @contextmanager
    def held(self) -> Iterator[MemoryState]:
        """Hold the one lock; raise `Unsupported` in a forked process, whose copy nobody else would ever see."""
        if self.pid != os.getpid():
            raise Unsupported(
                f"a memory backend lives in process {self.pid} and cannot be used from process {os.getpid()}",
                capability="cross_process",
                clause="R8",
                remedy="Use local://PATH, which several processes can share.",
            )
        with self.lock:
            yield self

    def run(self, run_id: str) -> RunState:
        """Give a run, a deleted one too; raise `NotFound` where there is none."""
        if run_id not in self.runs:
            raise no_run(run_id)
        return self.runs[run_id]

    def experiment(self, name: str) -> ExperimentRecord:
        """Give an experiment, a deleted one too; raise `NotFound` where there is none."""
        if name not in self.experiments:
            raise no_experiment(name)
        return self.experiments[name]

    def model(self, name: str) -> ModelState:
        """Give a model, a deleted one too; raise `NotFound` where there is none."""
        if name not in self.models:
            raise no_model(name)
        return self.models[name]


_STATES: dict[str, MemoryState] = {}
_STATES_LOCK = threading.Lock()


def state_of(name: str) -> MemoryState:
    """Give the one store of this process that has this name, the empty name included."""
    with _STATES_LOCK:
        return _STATES.setdefault(name, MemoryState())
