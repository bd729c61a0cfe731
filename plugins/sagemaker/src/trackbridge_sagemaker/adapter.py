"""The adapter: the families over one client and one bucket."""

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
from trackbridge_sagemaker.address import address_of
from trackbridge_sagemaker.artifacts import Artifacts
from trackbridge_sagemaker.bucket import Bucket
from trackbridge_sagemaker.checking import checked_info
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.documents import Documents
from trackbridge_sagemaker.experiments import Experiments
from trackbridge_sagemaker.foreign import Foreign
from trackbridge_sagemaker.metrics import POINTS_PER_WRITE, Metrics
from trackbridge_sagemaker.mirror import Mirror
from trackbridge_sagemaker.models import Models
from trackbridge_sagemaker.objects import Objects
from trackbridge_sagemaker.packages import Packages
from trackbridge_sagemaker.places import Places
from trackbridge_sagemaker.records import Records, folder_of
from trackbridge_sagemaker.registry import Registry
from trackbridge_sagemaker.runs import Runs
from trackbridge_sagemaker.surplus import STAYS
from trackbridge_sagemaker.telemetry import Telemetry

__all__ = ["SageMakerAdapter"]


class SageMakerAdapter:
    """See `trackbridge.protocol.Adapter`. Opening it contacts nothing and imports no boto3."""

    def __init__(self, url: BackendUrl) -> None:
        self._client = client = Client(address_of(url))
        self._bucket = bucket = Bucket(client)
        documents, places = Documents(bucket), Places(client)
        mirror = Mirror(client, places)
        records, foreign = Records(documents, mirror), Foreign(client, mirror)
        experiments = Experiments(client, documents, places)
        self.experiments: ExperimentStore = experiments
        self.runs: RunStore = Runs(client, experiments, records, mirror, foreign)
        self.metrics: MetricStore = Metrics(documents, records, foreign, Telemetry(client))
        self.artifacts: ArtifactStore = Artifacts(bucket, records, foreign)
        self.objects: ObjectStore = Objects(bucket, records)
        self.registry: RegistryStore = Registry(
            documents, Models(client, documents), Packages(client), self._address_of_artifact
        )
        self.surplus: SurplusStore = LeftBehind(STAYS)
        self.bulk: BulkStore = PlainBulk(self.runs, self.metrics, POINTS_PER_WRITE, self.objects)

    def check(self) -> BackendInfo:
        """Reach SageMaker and the bucket with the credentials at hand; say what they are."""
        return checked_info(self._client, self._bucket)

    def close(self) -> None:
        """Let go: nothing is held, for AWS's clients are shared by a process's adapters."""

    def _address_of_artifact(self, run_id: str, path: str) -> str:
        return self._bucket.uri(f"{folder_of(run_id)}artifacts/{path}")
