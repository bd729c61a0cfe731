"""The adapter: the families over one shared client."""

from __future__ import annotations

from trackbridge.protocol import (
    ArtifactStore,
    BackendInfo,
    BackendUrl,
    BulkStore,
    ExperimentStore,
    LeftBehind,
    MetricStore,
    ObjectStore,
    PlainBulk,
    RegistryStore,
    RunStore,
    SurplusStore,
)
from trackbridge_vertex.address import address_of
from trackbridge_vertex.artifacts import Artifacts
from trackbridge_vertex.boards import Boards
from trackbridge_vertex.cards import Cards
from trackbridge_vertex.checking import checked_info
from trackbridge_vertex.client import Client
from trackbridge_vertex.contexts import Contexts
from trackbridge_vertex.experiments import Experiments
from trackbridge_vertex.finding import Finder
from trackbridge_vertex.lineage import Lineage
from trackbridge_vertex.metrics import POINTS_PER_WRITE, Metrics
from trackbridge_vertex.objects import Objects
from trackbridge_vertex.registry import Registry
from trackbridge_vertex.runs import Runs
from trackbridge_vertex.surplus import STAYS

__all__ = ["VertexAdapter"]


class VertexAdapter:
    """See `trackbridge.protocol.Adapter`. Opening it contacts nothing and imports nothing of Google's."""

    def __init__(self, url: BackendUrl) -> None:
        self._client = client = Client(address_of(url))
        contexts, lineage = Contexts(client), Lineage(client)
        experiments, finder, cards = Experiments(client, contexts), Finder(client, contexts), Cards(client, contexts)
        boards = Boards(client, lineage)
        objects = Objects(client, finder, cards)
        self.experiments: ExperimentStore = experiments
        self.runs: RunStore = Runs(client, contexts, experiments, finder, cards, boards, lineage)
        self.metrics: MetricStore = Metrics(client, finder, cards, boards)
        self.artifacts: ArtifactStore = Artifacts(client, finder, lineage)
        self.objects: ObjectStore = objects
        self.registry: RegistryStore = Registry(client, finder, lineage)
        self.surplus: SurplusStore = LeftBehind(STAYS)
        self.bulk: BulkStore = PlainBulk(self.runs, self.metrics, POINTS_PER_WRITE, objects)

    def check(self) -> BackendInfo:
        """Reach the services and the bucket with the credentials at hand; say what they are."""
        return checked_info(self._client)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()
