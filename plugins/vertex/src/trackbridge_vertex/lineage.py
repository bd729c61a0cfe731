"""Lineage in the metadata store: datasets and files as artifacts, what used and made them as executions.

Nothing is ever read back from here but the link to a run's series: it is what the console and the SDK show.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.records.datasets import DatasetRecord
from trackbridge_vertex.client import Client
from trackbridge_vertex.finding import Place
from trackbridge_vertex.names import DISPLAY_CHARS, digest
from trackbridge_vertex.structs import Plain, fill

__all__ = ["Lineage"]

_INPUT, _OUTPUT = 1, 2
_COMPLETE, _LIVE = 3, 2
_VERSION: Final = "0.0.1"
_TEXT_CHARS: Final = 2_000  # of a schema or an address that is shown; the whole is in the run's record


class Lineage:
    """Makes artifacts and executions, each once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._store = client.address.store
        self._lock = threading.Lock()
        self._made: set[str] = set()

    # What a run used and made

    def use(self, run_id: str, place: Place, datasets: Sequence[DatasetRecord]) -> None:
        """Show datasets as inputs of a run."""
        artifacts = []
        for dataset in datasets:
            artifact_id = f"dataset-{digest(repr((dataset.name, dataset.version, dataset.digest, dataset.uri)))}"
            artifacts.append(artifact_id)
            if self._first(artifact_id):
                artifact = self._client.message(
                    "Artifact",
                    display_name=dataset.name[:DISPLAY_CHARS],
                    uri=(dataset.uri or "")[:_TEXT_CHARS],
                    schema_title="system.Dataset",
                    schema_version=_VERSION,
                    state=_LIVE,
                )
                facts = {key: value for key, value in dataset.as_json().items() if key not in {"context", "uri"}}
                fill(artifact.metadata, {key: _short(value) for key, value in facts.items()})
                self.put_artifact(artifact_id, artifact, replace=False)
        self._connect(run_id, place, artifacts, _INPUT)

    def keep_files(self, run_id: str, place: Place, uri: str) -> None:
        """Show the folder of a run's artifacts as one of its outputs."""
        artifact_id = f"{run_id}-files"
        if self._first(artifact_id):
            artifact = self._client.message(
                "Artifact",
                display_name="artifacts",
                uri=uri,
                schema_title="system.Artifact",
                schema_version=_VERSION,
                state=_LIVE,
            )
            self.put_artifact(artifact_id, artifact, replace=False)
            self.attach(place.context, artifacts=[artifact_id])

    def produce(self, run_id: str, place: Place, artifact_id: str, artifact: Any) -> None:
        """Show a model as an output of a run."""
        self.put_artifact(artifact_id, artifact, replace=False)
        self._connect(run_id, place, [artifact_id], _OUTPUT)

    def record(self, execution_id: str, display_name: str, facts: dict[str, Plain]) -> None:
        """Show an act, such as a promotion, as an execution that is complete."""
        execution = self._client.message(
            "Execution",
            display_name=display_name[:DISPLAY_CHARS],
            schema_title="system.Run",
            schema_version=_VERSION,
            state=_COMPLETE,
        )
        fill(execution.metadata, facts)
        self._put_execution(execution_id, execution)

    def forget_run(self, run_id: str) -> None:
        """Remove what was shown of a run alone."""
        self.delete_artifact(f"{run_id}-files")
        request = self._client.message("DeleteExecutionRequest", name=f"{self._store}/executions/{_execution(run_id)}")
        with suppress(NotFound):
            self._client.awaited(self._client.metadata, "delete_execution", request)

    # Artifacts

    def artifact(self, artifact_id: str) -> Any | None:
        """Give an artifact; None where there is none."""
        request = self._client.message("GetArtifactRequest", name=f"{self._store}/artifacts/{artifact_id}")
        try:
            return self._client.metadata("get_artifact", request)
        except NotFound:
            return None

    def put_artifact(self, artifact_id: str, artifact: Any, *, replace: bool = True) -> None:
        """Create an artifact; where there is one, make it this one if `replace`."""
        request = self._client.message(
            "CreateArtifactRequest", parent=self._store, artifact=artifact, artifact_id=artifact_id
        )
        try:
            self._client.metadata_made("create_artifact", request)
        except Conflict:
            if replace:
                artifact.name = f"{self._store}/artifacts/{artifact_id}"
                update = self._client.message("UpdateArtifactRequest", artifact=artifact)
                update.update_mask.paths.extend(["uri", "metadata"])
                self._client.metadata("update_artifact", update)

    def delete_artifact(self, artifact_id: str) -> None:
        """Remove an artifact; one that is gone is no fault."""
        request = self._client.message("DeleteArtifactRequest", name=f"{self._store}/artifacts/{artifact_id}")
        with self._lock:
            self._made.discard(artifact_id)
        with suppress(NotFound):
            self._client.awaited(self._client.metadata, "delete_artifact", request)

    def attach(self, context: str, *, artifacts: Sequence[str] = (), executions: Sequence[str] = ()) -> None:
        """Attach artifacts and executions to a context; they may be already."""
        request = self._client.message(
            "AddContextArtifactsAndExecutionsRequest",
            context=f"{self._store}/contexts/{context}",
            artifacts=[f"{self._store}/artifacts/{one}" for one in artifacts],
            executions=[f"{self._store}/executions/{one}" for one in executions],
        )
        self._client.metadata("add_context_artifacts_and_executions", request)

    def _connect(self, run_id: str, place: Place, artifacts: Sequence[str], kind: int) -> None:
        """Make artifacts inputs or outputs of the one execution that stands for a run, and show both with it."""
        execution_id = _execution(run_id)
        if self._first(execution_id):
            execution = self._client.message(
                "Execution", display_name=run_id, schema_title="system.Run", schema_version=_VERSION, state=_COMPLETE
            )
            self._put_execution(execution_id, execution)
        request = self._client.message(
            "AddExecutionEventsRequest", execution=f"{self._store}/executions/{execution_id}"
        )
        for artifact in artifacts:
            event = request.events.add(artifact=f"{self._store}/artifacts/{artifact}")
            setattr(event, "type" if "type" in event.DESCRIPTOR.fields_by_name else "type_", kind)
        self._client.metadata("add_execution_events", request)
        self.attach(place.context, artifacts=artifacts, executions=[execution_id])

    def _put_execution(self, execution_id: str, execution: Any) -> None:
        request = self._client.message(
            "CreateExecutionRequest", parent=self._store, execution=execution, execution_id=execution_id
        )
        with suppress(Conflict):
            self._client.metadata_made("create_execution", request)

    def _first(self, resource: str) -> bool:
        with self._lock:
            if resource in self._made:
                return False
            self._made.add(resource)
            return True


def _execution(run_id: str) -> str:
    return f"{run_id}-lineage"


def _short(value: Plain) -> Plain:
    return value[:_TEXT_CHARS] if isinstance(value, str) else value
