"""What a run has used, in W&B's own lineage: a data set is a version of an artifact that the run is told to use (D1).

The whole record is in the run's config; this is what W&B's screens draw. A version refers to the data where it lies, and
holds none of it.
"""

from __future__ import annotations

from typing import Any, Final

from trackbridge.records.datasets import DatasetRecord
from trackbridge_wandb.client import Client
from trackbridge_wandb.naming import collection_name
from trackbridge_wandb.operations import USE_ARTIFACT
from trackbridge_wandb.versions import Collection, Versions

__all__ = ["Lineage"]

_KIND: Final = "dataset"
_PREFIX: Final = "data-"  # a project has one artifact of a name, whatever its type: models have the bare one
_OF_THE_USE: Final = frozenset({"context"})  # of a record, what is about the run that uses it


class Lineage:
    """Draws the edges from data sets to runs."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._versions = Versions(client)

    def use(self, project: str, run: str, dataset: DatasetRecord) -> None:
        """Have W&B show that a run has used a data set; once more is nothing."""
        record = {key: value for key, value in dataset.as_json().items() if key not in _OF_THE_USE}
        entity = self._client.address.entity
        into = Collection(entity, project, _KIND, collection_name(f"{_PREFIX}{dataset.name}"))
        known = next((one.id for one in self._versions.list(into) if one.metadata == record), None)
        artifact = known or self._versions.make(into, run, record, logged=False, references=_references(dataset))
        use: dict[str, Any] = {"artifactID": artifact, "entityName": entity, "projectName": project, "runName": run}
        if dataset.context:
            use["usedAs"] = dataset.context[:128]
        self._client.wire.query(USE_ARTIFACT, input=use)


def _references(dataset: DatasetRecord) -> dict[str, str]:
    """Give the address of the data under a name, where W&B's client would know what to do with it."""
    uri = dataset.uri or ""
    name = uri.rstrip("/").rpartition("/")[2]
    return {name: uri} if "://" in uri and name else {}
