"""The suite's independent reader: Google's own clients and raw Cloud Storage, and never the adapter."""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from typing import Any, Final
from urllib.parse import urlsplit

from trackbridge.protocol import BackendUrl, VersionState
from trackbridge.records.models import Stage
from trackbridge.records.runs import RunStatus
from trackbridge.testing.probe import ProbedModel, ProbedRun

__all__ = ["VertexProbe"]

_STATUSES: Final[dict[str, RunStatus]] = {
    "RUNNING": "RUNNING",
    "COMPLETE": "FINISHED",
    "FAILED": "FAILED",
    "CANCELLED": "KILLED",
}
_STAGES: Final[dict[str, Stage]] = {
    "none": "None",
    "staging": "Staging",
    "production": "Production",
    "archived": "Archived",
}


class VertexProbe:
    """See `trackbridge.testing.Probe`. Credentials come from Google's own places, none for a plaintext endpoint."""

    def __init__(self, url: BackendUrl) -> None:
        from google.cloud import aiplatform_v1

        project, _, location = url.location.strip("/").partition("/")
        self._parent = f"projects/{project}/locations/{location}"
        self._store = f"{self._parent}/metadataStores/default"
        self._types = aiplatform_v1
        self._metadata, self._boards, self._models = (
            _opened(getattr(aiplatform_v1, f"{name}ServiceClient"), url, location)
            for name in ("Metadata", "Tensorboard", "Model")
        )
        staging = urlsplit(url.options["staging"])
        self._bucket = _storage(url, project).bucket(staging.netloc)
        self._root = f"{staging.path.strip('/')}/trackbridge".lstrip("/")

    def run(self, run_id: str) -> ProbedRun | None:
        """Find the run by trackbridge's id."""
        found = self._context(run_id)
        if found is None:
            return None
        metadata = _plain(found)
        own = json.loads(metadata["_trackbridge"])
        if "object" in own:
            own = json.loads(self._bucket.blob(f"{self._root}/{own['object']}").download_as_bytes())
        contexts = [self._metadata.get_context(name=parent) for parent in found.parent_contexts]
        above = [one.name.rpartition("-")[2] for one in contexts if one.schema_title == "system.ExperimentRun"]
        experiments = [one.display_name for one in contexts if one.schema_title == "system.Experiment"]
        status = own.get("status") or [0, "RUNNING", None]
        return ProbedRun(
            native_id=found.name.rpartition("/")[2],
            name=found.display_name,
            experiment=experiments[0] if experiments else own["experiment"],
            status=_STATUSES[metadata["_state"]],
            started_ms=own["started"],
            ended_ms=status[2],
            parent=above[0] if above else None,
            deleted=not experiments,
            params=metadata["_params"],
            tags=metadata["_tags"],
            datasets=self._datasets(found, own),
            artifacts={
                blob.name.removeprefix(self._files(run_id)): blob.size
                for blob in self._bucket.list_blobs(prefix=self._files(run_id))
            },
        )

    def series(self, run_id: str, metric: str) -> list[tuple[int, int, float]]:
        """Give (step, timestamp in ms, value) of every native point of the metric's native name, in any order."""
        found = self._context(run_id)
        assert found is not None, f"Vertex AI has no run {run_id}"
        from google.api_core.exceptions import NotFound

        try:
            link = self._metadata.get_artifact(name=f"{self._store}/artifacts/{found.name.rpartition('/')[2]}-tb-run")
        except NotFound:
            return []
        board = _plain(link)["resourceName"]
        for series in self._boards.list_tensorboard_time_series(parent=board):
            if series.display_name == metric:
                points = self._boards.export_tensorboard_time_series_data(tensorboard_time_series=series.name)
                return [
                    (point.step, round(point.wall_time.timestamp() * 1_000), point.scalar.value) for point in points
                ]
        return []

    def artifact(self, run_id: str, path: str) -> bytes:
        """Give the bytes of an artifact."""
        return bytes(self._bucket.blob(self._files(run_id) + path).download_as_bytes())

    def model(self, name: str) -> ProbedModel | None:
        """Find a model, its versions and its stored trail."""
        model = self._model(name)
        if not self._bucket.blob(f"{self._root}/models/{model}/model.json").exists():
            return None
        folder = f"{self._root}/models/{model}"
        trail = tuple(blob.download_as_bytes() for blob in self._bucket.list_blobs(prefix=f"{folder}/trail/"))
        return ProbedModel(name, {number: _state(one) for number, one in self._versions(model).items()}, trail)

    def delete_sidecars(self, run_id: str) -> int:
        """Delete the run's sidecar objects behind everybody's back; give how many there were."""
        blobs = list(self._bucket.list_blobs(prefix=f"{self._root}/runs/{run_id}/objects/sidecar/"))
        for blob in blobs:
            blob.delete()
        return len(blobs)

    def set_tag(self, run_id: str, name: str, value: str) -> None:
        """Change a native tag as a colleague with the vendor's client would."""
        found = self._context(run_id)
        assert found is not None, f"Vertex AI has no run {run_id}"
        self._types.Context.pb(found).metadata.fields["_tags"].struct_value.fields[name].string_value = value
        self._metadata.update_context(context=found)

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Change a version's native stage as a colleague would."""
        found = self._versions(self._model(model))[number]
        changed = self._types.Model(
            name=f"{self._parent}/models/{self._model(model)}@{found.version_id}",
            labels={**found.labels, "trackbridge_stage": stage.lower()},
        )
        self._models.update_model(model=changed, update_mask={"paths": ["labels"]})

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Overwrite the stored trail, object by object."""
        folder = f"{self._root}/models/{self._model(model)}/trail/"
        for blob in list(self._bucket.list_blobs(prefix=folder)):
            blob.delete()
        for n, entry in enumerate(entries):
            self._bucket.blob(f"{folder}{n:09}").upload_from_string(entry)

    def close(self) -> None:
        """Let go of connections."""
        for client in (self._metadata, self._boards, self._models):
            client.transport.close()

    def _context(self, run_id: str) -> Any:
        from google.api_core.exceptions import NotFound

        blob = self._bucket.blob(f"{self._root}/runs/{run_id}/run.json")
        place = json.loads(blob.download_as_bytes()) if blob.exists() else {}
        if "context" not in place:
            return None
        try:
            return self._metadata.get_context(name=f"{self._store}/contexts/{place['context']}")
        except NotFound:
            return None

    def _files(self, run_id: str) -> str:
        return f"{self._root}/runs/{run_id}/artifacts/"

    def _datasets(self, context: Any, own: dict[str, Any]) -> tuple[tuple[str, str | None, str | None], ...]:
        """Give the datasets that the console shows of a run; in which context it used them stands in its own record."""
        request = {"parent": self._store, "filter": f'in_context("{context.name}") AND schema_title="system.Dataset"'}
        shown = [_plain(artifact) for artifact in self._metadata.list_artifacts(request=request)]
        named = {(one["name"], one.get("digest")) for one in shown}
        uses = [(one["name"], one.get("digest"), one.get("context")) for one in own.get("datasets", ())]
        return tuple(use for use in uses if use[:2] in named)

    def _model(self, name: str) -> str:
        taken = re.search(r"(?:^|[-_])(?:x[0-9a-f]{16}|[0-9a-f]{32})$|-tb-run$", name)
        if re.fullmatch(r"[a-z_][a-z0-9_-]{0,62}", name) and not taken:
            return name
        mark = hashlib.sha256(name.encode()).hexdigest()[:16]
        bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
        stem = re.sub(r"[^a-z0-9]+", "-", bare.lower()).strip("-")[:43].strip("-")
        made = f"{stem or 'model'}-x{mark}"
        return made if made[0].isalpha() else f"m-{made}"

    def _versions(self, model: str) -> dict[int, Any]:
        """Give the native versions by their numbers, which objects beside them keep."""
        from google.api_core.exceptions import NotFound

        numbers: dict[str, int] = {}
        gone = set()
        for blob in self._bucket.list_blobs(prefix=f"{self._root}/models/{model}/versions/"):
            record = json.loads(blob.download_as_bytes())
            numbers[record["native"]] = record["number"]
            if record.get("deleted"):
                gone.add(record["native"])
        try:
            listed = list(self._models.list_model_versions(name=f"{self._parent}/models/{model}"))
        except NotFound:
            return {}
        return {numbers.get(one.version_id, int(one.version_id)): one for one in listed if one.version_id not in gone}


def _opened(client: Any, url: BackendUrl, location: str) -> Any:
    endpoint = url.option("endpoint")
    if endpoint is None:
        return client(transport=url.option("transport", "grpc"), client_options=_google(location))
    if not endpoint.startswith("http://") and url.option("insecure") != "true":
        return client(transport=url.option("transport", "grpc"), client_options={"api_endpoint": endpoint})
    host = endpoint.removeprefix("http://")
    if url.option("transport") == "rest":
        from google.auth.credentials import AnonymousCredentials

        options = {"api_endpoint": f"http://{host}"}
        return client(transport="rest", credentials=AnonymousCredentials(), client_options=options)
    import grpc

    unbounded = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
    channel = grpc.insecure_channel(host, options=unbounded)
    return client(transport=client.get_transport_class("grpc")(channel=channel))


def _google(location: str) -> dict[str, str]:
    return {"api_endpoint": f"{location}-aiplatform.googleapis.com"}


def _storage(url: BackendUrl, project: str) -> Any:
    from google.cloud import storage

    local = url.option("storage") or os.environ.get("STORAGE_EMULATOR_HOST")
    if local is None:
        return storage.Client(project=project)
    from google.auth.credentials import AnonymousCredentials

    return storage.Client(project=project, credentials=AnonymousCredentials(), client_options={"api_endpoint": local})


def _plain(resource: Any) -> Any:
    """Give the metadata of a context or an artifact as plain Python."""
    from google.protobuf import json_format

    return json_format.MessageToDict(type(resource).pb(resource).metadata)


def _state(version: Any) -> VersionState:
    aliases = sorted(set(version.version_aliases) - {"default", "staging", "production"})
    return VersionState(
        _STAGES[version.labels.get("trackbridge_stage", "none")],
        version.labels.get("trackbridge_approval", "pending"),
        tuple(aliases),
    )
