"""The adapter: the families over one shared client."""

from __future__ import annotations

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
from trackbridge_wandb.address import address_of
from trackbridge_wandb.artifacts import Artifacts
from trackbridge_wandb.checking import checked_info
from trackbridge_wandb.client import Client
from trackbridge_wandb.experiments import Experiments
from trackbridge_wandb.files import Files
from trackbridge_wandb.finding import Finder
from trackbridge_wandb.ledger import Ledger
from trackbridge_wandb.logged import Logged
from trackbridge_wandb.metrics import POINTS_PER_WRITE, Metrics
from trackbridge_wandb.objects import Objects
from trackbridge_wandb.registry import Registry
from trackbridge_wandb.runs import Runs
from trackbridge_wandb.streams import Streams
from trackbridge_wandb.surplus import Surplus

__all__ = ["WandbAdapter"]


class WandbAdapter:
    """See `trackbridge.protocol.Adapter`. Opening it contacts nothing and imports no W&B."""

    def __init__(self, url: BackendUrl) -> None:
        self._client = client = Client(address_of(url))
        ledger, files = Ledger(client), Files(client)
        experiments = Experiments(client, ledger)
        finder = Finder(client, ledger, experiments)
        self._streams = Streams(client, ledger, finder.find)
        logged = Logged(client, files)
        artifacts = Artifacts(finder, files, logged)
        self.experiments: ExperimentStore = experiments
        self.runs: RunStore = Runs(client, ledger, experiments, finder, self._streams, logged=logged)
        self.metrics: MetricStore = Metrics(client, finder, self._streams)
        self.artifacts: ArtifactStore = artifacts
        self.objects: ObjectStore = Objects(finder, self._streams, files)
        self.registry: RegistryStore = Registry(client, ledger, finder, artifacts, logged)
        self.surplus: SurplusStore = Surplus(client, finder)
        self.bulk: BulkStore = PlainBulk(self.runs, self.metrics, POINTS_PER_WRITE, self.objects)

    def check(self) -> BackendInfo:
        """Reach the backend with the credentials at hand; say what it is."""
        return checked_info(self._client)

    def close(self) -> None:
        """Let go of what is owned, and of connections."""
        self._streams.close()
        self._client.close()
