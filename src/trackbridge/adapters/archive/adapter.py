"""The archive adapter: its families over one place of files."""

from __future__ import annotations

from trackbridge.adapters.archive.address import open_vault
from trackbridge.adapters.archive.archive import Archive
from trackbridge.adapters.archive.artifacts import ArchiveArtifacts
from trackbridge.adapters.archive.bulk import ArchiveBulk
from trackbridge.adapters.archive.experiments import ArchiveExperiments
from trackbridge.adapters.archive.metrics import ArchiveMetrics
from trackbridge.adapters.archive.objects import ArchiveObjects
from trackbridge.adapters.archive.registry import ArchiveRegistry
from trackbridge.adapters.archive.runlogs import RunLogs
from trackbridge.adapters.archive.runs import ArchiveRuns
from trackbridge.adapters.archive.tables import FORMAT_VERSION
from trackbridge.protocol import (
    ArtifactStore,
    BackendInfo,
    BackendUrl,
    BulkStore,
    ExperimentStore,
    MetricStore,
    ObjectStore,
    RegistryStore,
    RunStore,
)

__all__ = ["ArchiveAdapter"]


class ArchiveAdapter:
    """See `trackbridge.protocol.Adapter`. The archive comes to be at the first write, or when it is checked."""

    def __init__(self, url: BackendUrl) -> None:
        self._vault = vault = open_vault(url)
        self._archive = archive = Archive(vault)
        self._logs = logs = RunLogs(archive)
        self._experiments = ArchiveExperiments(archive)
        self._registry = ArchiveRegistry(archive)
        runs, metrics, objects = ArchiveRuns(archive, logs), ArchiveMetrics(logs), ArchiveObjects(archive, logs)
        self.experiments: ExperimentStore = self._experiments
        self.runs: RunStore = runs
        self.metrics: MetricStore = metrics
        self.artifacts: ArtifactStore = ArchiveArtifacts(archive, logs)
        self.objects: ObjectStore = objects
        self.registry: RegistryStore = self._registry
        self.bulk: BulkStore = ArchiveBulk(archive, logs, runs, metrics, objects)

    def check(self) -> BackendInfo:
        """Make the archive if there is none, and take away what killed writers left."""
        vault = self._archive.begin()
        vault.tidy()
        return BackendInfo(
            (
                ("place", vault.shown("").rstrip("/")),
                ("format", str(FORMAT_VERSION)),
                ("runs", str(sum(1 for _ in vault.folders("runs")))),
                ("models", str(sum(1 for _ in vault.folders("models")))),
            )
        )

    def close(self) -> None:
        """Make the tables of all that this process changed."""
        self._logs.close()
        self._experiments.close()
        self._registry.close()
        self._vault.close()
