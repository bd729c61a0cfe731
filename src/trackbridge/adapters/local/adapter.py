"""The local adapter: its families over one directory."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from trackbridge.adapters.local.artifacts import LocalArtifacts, sweep
from trackbridge.adapters.local.blobs import Blobs
from trackbridge.adapters.local.database import Database
from trackbridge.adapters.local.experiments import LocalExperiments
from trackbridge.adapters.local.metrics import LocalMetrics
from trackbridge.adapters.local.objects import LocalObjects
from trackbridge.adapters.local.registry import LocalRegistry
from trackbridge.adapters.local.runs import LocalRuns
from trackbridge.adapters.local.schema import MIGRATIONS
from trackbridge.adapters.local.translation import translated
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

__all__ = ["LocalAdapter"]


class LocalAdapter:
    """See `trackbridge.protocol.Adapter`. The directory comes to be at the first write, or when it is checked."""

    def __init__(self, root: Path) -> None:
        self._database = database = Database(root)
        self._blobs = blobs = Blobs(root)
        runs, metrics = LocalRuns(database, blobs), LocalMetrics(database)
        self.experiments: ExperimentStore = LocalExperiments(database)
        self.runs: RunStore = runs
        self.metrics: MetricStore = metrics
        self.artifacts: ArtifactStore = LocalArtifacts(database, blobs)
        self.objects: ObjectStore = LocalObjects(database)
        self.registry: RegistryStore = LocalRegistry(database)
        self.bulk: BulkStore = PlainBulk(runs, metrics, Limits().points_per_write, self.objects)

    def check(self) -> BackendInfo:
        """Make the store if there is none, upgrade an older one, and take away what killed writers left."""
        with self._database.write() as connection:
            (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
            (runs,) = connection.execute("SELECT count(*) FROM runs").fetchone()
            (models,) = connection.execute("SELECT count(*) FROM models").fetchone()
        sweep(self._database, self._blobs)
        with translated(self._database.path.parent):
            self._blobs.tidy()
        warnings = (
            () if journal == "wal" else (f"the file system allows no write-ahead log ({journal}): all is slower",)
        )
        return BackendInfo(
            (
                ("database", str(self._database.path)),
                ("schema", str(len(MIGRATIONS))),
                ("sqlite", sqlite3.sqlite_version),
                ("runs", str(runs)),
                ("models", str(models)),
            ),
            warnings,
        )

    def close(self) -> None:
        """Close the connections."""
        self._database.close()
