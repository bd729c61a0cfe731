"""The memory adapter: its families over one state."""

from __future__ import annotations

from trackbridge.adapters.memory.artifacts import MemoryArtifacts, MemoryObjects
from trackbridge.adapters.memory.experiments import MemoryExperiments
from trackbridge.adapters.memory.metrics import MemoryMetrics
from trackbridge.adapters.memory.registry import MemoryRegistry
from trackbridge.adapters.memory.runs import MemoryRuns
from trackbridge.adapters.memory.state import MemoryState
from trackbridge.protocol import (
    ArtifactStore,
    BackendInfo,
    BulkStore,
    ExperimentStore,
    Limits,
    MetricStore,
    ObjectStore,
    PlainBulk,
    RegistryStore,
    RunStore,
)

__all__ = ["MemoryAdapter"]


class MemoryAdapter:
    """See `trackbridge.protocol.Adapter`. Two adapters of one state see the same store; closing one loses nothing."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state
        self.experiments: ExperimentStore = MemoryExperiments(state)
        self.runs: RunStore = MemoryRuns(state)
        self.metrics: MetricStore = MemoryMetrics(state)
        self.artifacts: ArtifactStore = MemoryArtifacts(state)
        self.objects: ObjectStore = MemoryObjects(state)
        self.registry: RegistryStore = MemoryRegistry(state)
        self.bulk: BulkStore = PlainBulk(self.runs, self.metrics, Limits().points_per_write, self.objects)

    def check(self) -> BackendInfo:
        """Say what there is; nothing can be wrong but a fork."""
        with self._state.held() as state:
            facts = (("process", str(state.pid)), ("runs", str(len(state.runs))), ("models", str(len(state.models))))
            return BackendInfo(facts)

    def close(self) -> None:
        """Do nothing: the store lives as long as the process."""
