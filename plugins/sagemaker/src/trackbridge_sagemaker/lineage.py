"""Datasets in SageMaker's lineage: an artifact each, associated with the components that used it (D1, D2)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from trackbridge.errors import Conflict, Rejected, TrackbridgeError
from trackbridge.records.datasets import DatasetRecord
from trackbridge.redaction import redacted_logger
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.names import digest, shown_text

__all__ = ["Lineage"]

_TYPE: Final = "DataSet"
_LOGGER: Final = redacted_logger("trackbridge.sagemaker")


class Lineage:
    """Writes lineage for AWS's screens. The record is the truth: what fails here is logged, and left."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def link(self, component: str, datasets: Iterable[DatasetRecord]) -> None:
        """Associate datasets with the component of this ARN."""
        for dataset in datasets:
            try:
                self._associate(self._artifact(dataset), component)
            except TrackbridgeError as error:
                _LOGGER.info("dataset %s is not in SageMaker's lineage: %s", dataset.name, error)

    def _artifact(self, dataset: DatasetRecord) -> str:
        source = shown_text(dataset.uri or f"trackbridge:{dataset.name}", 2_048)
        kind = digest(repr(dataset.key[:4]), 24)
        for found in self._client.pages("list_artifacts", "ArtifactSummaries", SourceUri=source, ArtifactType=_TYPE):
            values = [one["Value"] for one in found["Source"].get("SourceTypes", ())]
            if kind in values:
                return str(found["ArtifactArn"])
        types = [{"SourceIdType": "Custom", "Value": kind}]
        if dataset.digest is not None and len(dataset.digest) <= 256:
            types.append({"SourceIdType": "Custom", "Value": dataset.digest})
        properties = {"name": dataset.name, "version": dataset.version, "digest": dataset.digest}
        answer: dict[str, Any] = self._client.call(
            "create_artifact",
            Source={"SourceUri": source, "SourceTypes": types},
            ArtifactType=_TYPE,
            Properties={key: shown_text(value, 2_000) for key, value in properties.items() if value},
        )
        return str(answer["ArtifactArn"])

    def _associate(self, artifact: str, component: str) -> None:
        with suppress(Conflict, Rejected):  # it is there already
            self._client.call(
                "add_association", SourceArn=artifact, DestinationArn=component, AssociationType="ContributedTo"
            )
