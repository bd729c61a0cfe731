"""SageMaker's registry by itself, for runs that are kept elsewhere: a managed MLflow's."""

from __future__ import annotations

from collections.abc import Callable

from trackbridge.protocol import BackendUrl, ObjectStore, RegistryStore
from trackbridge_sagemaker.address import address_of
from trackbridge_sagemaker.bucket import Bucket
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.documents import Documents
from trackbridge_sagemaker.mirror import Mirror
from trackbridge_sagemaker.models import Models
from trackbridge_sagemaker.objects import Objects
from trackbridge_sagemaker.packages import Packages
from trackbridge_sagemaker.places import Places
from trackbridge_sagemaker.records import Records
from trackbridge_sagemaker.registry import Registry

__all__ = ["PackageRegistry"]


class PackageRegistry:
    """The registry of a region, and the objects of its models.

    Args:
        url: ``sagemaker://REGION?bucket=…``.
    """

    def __init__(self, url: BackendUrl) -> None:
        self._client = Client(address_of(url))
        self._documents = Documents(Bucket(self._client))
        records = Records(self._documents, Mirror(self._client, Places(self._client)))
        self.objects: ObjectStore = Objects(self._documents.bucket, records)

    def registry(self, source_of: Callable[[str, str], str]) -> RegistryStore:
        """Give the registry; `source_of` gives the address of an artifact, of a run's id and a path."""
        return Registry(self._documents, Models(self._client, self._documents), Packages(self._client), source_of)
