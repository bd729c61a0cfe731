"""The adapter: the families over one shared client."""

from __future__ import annotations

from contextlib import AbstractContextManager

from trackbridge.protocol import (
    ArtifactStore,
    BackendInfo,
    BackendUrl,
    BulkStore,
    ExperimentStore,
    MetricStore,
    ObjectStore,
    PlainBulk,
    RegistryStore,
    RunStore,
    SurplusStore,
)
from trackbridge_mlflow.address import address_of
from trackbridge_mlflow.artifacts import Artifacts
from trackbridge_mlflow.bulk import Bulk
from trackbridge_mlflow.checking import checked_info
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.experiments import Experiments
from trackbridge_mlflow.finding import Finder
from trackbridge_mlflow.ledger import Ledger
from trackbridge_mlflow.metrics import POINTS_PER_BATCH, Metrics
from trackbridge_mlflow.models import Models
from trackbridge_mlflow.objects import Objects
from trackbridge_mlflow.registry import Registry
from trackbridge_mlflow.runs import Runs
from trackbridge_mlflow.surplus import Surplus

__all__ = ["MlflowAdapter"]


class MlflowAdapter:
    """See `trackbridge.protocol.Adapter`. Opening it contacts nothing and imports no MLflow."""

    def __init__(self, url: BackendUrl) -> None:
        self._client = client = Client(address_of(url))
        ledger, models = Ledger(client), Models(client)
        experiments = Experiments(client)
        finder = Finder(client, experiments)
        artifacts = Artifacts(client, finder)
        self.experiments: ExperimentStore = experiments
        runs = Runs(client, experiments, finder, ledger, artifacts)
        objects = Objects(client, finder, artifacts, models)
        self.runs: RunStore = runs
        self.metrics: MetricStore = Metrics(client, finder)
        self.artifacts: ArtifactStore = artifacts
        self.objects: ObjectStore = objects
        self.registry: RegistryStore = Registry(client, finder, models, ledger, artifacts)
        self.bulk: BulkStore = Bulk(
            client,
            finder,
            runs=runs,
            objects=objects,
            artifacts=artifacts,
            plain=PlainBulk(runs, self.metrics, POINTS_PER_BATCH, objects),
        )
        self.surplus: SurplusStore = Surplus(client, finder)
        self._finder = finder

    def prepare(self) -> None:
        """Make the tables of a new SQLite file, which takes seconds; see `trackbridge.protocol.prepare`."""
        self._client.prepare()

    def check(self) -> BackendInfo:
        """Reach the backend with the credentials at hand; say what it is."""
        return checked_info(self._client)

    def glance(self) -> AbstractContextManager[None]:
        """Ask MLflow but once where a run is, and what it holds; see `trackbridge.protocol.glance`."""
        return self._finder.glance()

    def close(self) -> None:
        """Let go of connections and files."""
        self._client.close()
