"""The suite's independent reader: MLflow's raw client, SQL where that can change nothing, and never the adapter."""

from __future__ import annotations

import base64
import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from trackbridge.protocol import BackendUrl, VersionState
from trackbridge.records.runs import RunStatus
from trackbridge.testing.probe import ProbedModel, ProbedRun

__all__ = ["MlflowProbe"]

_HIDDEN: Final = "mlflow.trackbridge."
_OWN: Final = frozenset({"trackbridge.id", "trackbridge.parent", "trackbridge.kind"})
_EPOCH: Final = "trackbridge.epoch."
_LEAD: Final = "trackbridge.epoch.lead"
_ALONE: Final = f"{_HIDDEN}alone"
_LEDGER: Final = "trackbridge.ledger"
_FOLDER: Final = ".trackbridge"
_ENTRY: Final = "entry."
_PARAM_CHARS: Final = 6_000


class MlflowProbe:
    """See `trackbridge.testing.Probe`. Credentials come from MLflow's own places."""

    def __init__(self, url: BackendUrl) -> None:
        from mlflow import MlflowClient

        self._uri = _tracking_uri(url)
        self._client = MlflowClient(self._uri, self._uri)

    def run(self, run_id: str) -> ProbedRun | None:
        """Find the run by trackbridge's id."""
        found = self._find(run_id)
        if found is None:
            return None
        info, tags = found.info, found.data.tags
        parent = tags.get("mlflow.parentRunId")
        status: RunStatus = info.status
        return ProbedRun(
            native_id=info.run_id,
            name=info.run_name,
            experiment=self._client.get_experiment(info.experiment_id).name,
            status=status,
            started_ms=info.start_time,
            ended_ms=info.end_time,
            parent=self._client.get_run(parent).data.tags.get("trackbridge.id") if parent else None,
            deleted=info.lifecycle_stage != "active",
            params={name: value for name, value in found.data.params.items() if not name.startswith(_EPOCH)},
            tags={name: value for name, value in tags.items() if _is_users(name)},
            datasets=tuple(_dataset(one) for one in found.inputs.dataset_inputs),
            artifacts=dict(self._artifacts(info.run_id)),
        )

    def series(self, run_id: str, metric: str) -> list[tuple[int, int, float]]:
        """Give (step, timestamp in ms, value) of every native point of the metric's native name, in any order."""
        points = self._client.get_metric_history(self._existing(run_id), metric)
        return [(point.step, point.timestamp, point.value) for point in points]

    def artifact(self, run_id: str, path: str) -> bytes:
        """Give the bytes of an artifact."""
        # MLflow's own client loses white space and "%" of names, so past it: the file, the bucket, the server's URL.
        root = urlsplit(self._client.get_run(self._existing(run_id)).info.artifact_uri)
        if root.scheme == "file":
            return Path(unquote(root.path), path).read_bytes()
        if root.scheme == "s3":
            import boto3

            bucket = boto3.client("s3", endpoint_url=os.environ.get("MLFLOW_S3_ENDPOINT_URL"))
            body = bucket.get_object(Bucket=root.netloc, Key=f"{unquote(root.path).strip('/')}/{path}")["Body"]
            return bytes(body.read())
        import requests

        address = f"{self._uri}/api/2.0/mlflow-artifacts/artifacts{root.path}/{quote(path)}"
        response = requests.get(address, auth=_auth(), timeout=60)
        response.raise_for_status()
        return response.content

    def model(self, name: str) -> ProbedModel | None:
        """Find a model, its versions and its stored trail."""
        found = self._model(name)
        if found is None:
            return None
        aliases: dict[str, list[str]] = {}
        for alias, number in found.aliases.items():
            aliases.setdefault(str(number), []).append(alias)
        versions = {
            int(version.version): VersionState(
                version.current_stage,
                version.tags.get("trackbridge.approval", "pending"),
                tuple(sorted(aliases.get(str(version.version), ()))),
            )
            for version in self._client.search_model_versions(f'name = "{found.name}"')
            if f"{_HIDDEN}filler" not in version.tags
        }
        trail = self._trail(name)
        return ProbedModel(name, versions, () if trail is None else tuple(_entries(trail.data)))

    def delete_sidecars(self, run_id: str) -> int:
        """Delete the run's sidecar objects behind everybody's back; give how many there were."""
        found = self._find(run_id)
        if found is None:
            return 0
        keys = [key for key in found.data.tags if key.startswith(f"{_HIDDEN}object.sidecar/")]
        for key in keys:
            self._client.delete_tag(found.info.run_id, key)
        return len({key.rpartition(":")[0] for key in keys})

    def set_tag(self, run_id: str, name: str, value: str) -> None:
        """Change a native tag as a colleague with the vendor's client would."""
        self._client.set_tag(self._existing(run_id), name, value)

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Change a version's native stage as a colleague would."""
        import warnings

        found = self._model(model)
        assert found is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # MLflow announces the end of stages
            self._client.transition_model_version_stage(found.name, str(number), stage)

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Overwrite the stored trail: params are written once, so a forger registers another run in its place."""
        from mlflow.entities import Param

        ledger, root = self._ledger()
        run = self._client.create_run(ledger, run_name="forged").info.run_id
        for n, entry in enumerate(entries):
            assert len(entry.decode()) <= _PARAM_CHARS, "the suite forges short entries only"
            self._client.log_batch(run, params=[Param(f"{_ENTRY}{n:09}", entry.decode())])
        key = _trail_key(model)
        generation = 1 + max(int(name.removeprefix(key)) for name in root.data.params if name.startswith(key))
        self._client.log_batch(root.info.run_id, params=[Param(f"{key}{generation}", run)])

    def close(self) -> None:
        """Let go of connections."""

    def _find(self, run_id: str) -> Any:
        from mlflow.entities import ViewType

        experiments = [one.experiment_id for one in self._client.search_experiments(ViewType.ALL)]
        found = self._client.search_runs(experiments, f"tags.`trackbridge.id` = '{run_id}'", ViewType.ALL)
        runs = [run for run in found if run.data.tags.get("trackbridge.kind") != "purged"]
        return min(runs, key=_precedence, default=None)

    def _existing(self, run_id: str) -> str:
        found = self._find(run_id)
        assert found is not None, f"MLflow has no run with the tag trackbridge.id = {run_id}"
        native: str = found.info.run_id
        return native

    def _artifacts(self, native: str, folder: str | None = None) -> list[tuple[str, int]]:
        files: list[tuple[str, int]] = []
        for entry in self._client.list_artifacts(native, folder):
            if entry.path == _FOLDER:
                continue
            files += self._artifacts(native, entry.path) if entry.is_dir else [(entry.path, entry.file_size or 0)]
        return files

    def _model(self, name: str) -> Any:
        from mlflow.exceptions import MlflowException

        with suppress(MlflowException):
            return self._client.get_registered_model(name)
        for model in self._client.search_registered_models():
            if model.tags.get(f"{_HIDDEN}name") == name:
                return model
        return None

    def _ledger(self) -> tuple[str, Any]:
        ledger = self._client.get_experiment_by_name(_LEDGER).experiment_id
        (root,) = self._client.search_runs([ledger], "tags.`trackbridge.kind` = 'root'")
        return ledger, root

    def _trail(self, name: str) -> Any:
        if self._client.get_experiment_by_name(_LEDGER) is None:
            return None
        params, key = self._ledger()[1].data.params, _trail_key(name)
        found = {int(one.removeprefix(key)): run for one, run in params.items() if one.startswith(key)}
        return self._client.get_run(found[max(found)]) if found else None


def _auth() -> tuple[str, str] | None:
    user, password = (os.environ.get(f"MLFLOW_TRACKING_{name}") for name in ("USERNAME", "PASSWORD"))
    return (user, password) if user and password else None


def _trail_key(model: str) -> str:
    return f"trail.{hashlib.sha256(model.encode()).hexdigest()[:32]}."


def _entries(data: Any) -> Iterator[bytes]:
    for name in sorted(data.params):
        if name.startswith(_ENTRY):
            text = data.params[name]
            yield _long_entry(text, data.tags) if text.startswith("sha256:") else text.encode()


def _long_entry(text: str, tags: Mapping[str, str]) -> bytes:
    key = f"{_HIDDEN}entry.{text.removeprefix('sha256:')}"
    count, _, head = tags[f"{key}:0"].split(" ", 2)
    return zlib.decompress(base64.b64decode(head + "".join(tags[f"{key}:{i}"] for i in range(1, int(count)))))


def _is_users(tag: str) -> bool:
    return not tag.startswith("mlflow.") and tag not in _OWN


def _dataset(found: Any) -> tuple[str, str | None, str | None]:
    tags = {tag.key: tag.value for tag in found.tags}
    return found.dataset.name, found.dataset.digest, tags.get("mlflow.data.context")


def _precedence(run: Any) -> tuple[bool, bool, int, str]:
    """Of the runs that racing creators made for one id, the elected one comes first, then the marked one."""
    elected, marked = run.data.params.get(_LEAD) == run.info.run_id, _ALONE in run.data.tags
    return not elected, not marked, run.info.start_time, run.info.run_id


def _tracking_uri(url: BackendUrl) -> str:
    scheme = url.scheme.removeprefix("mlflow+")
    if scheme == "arn":
        return f"arn:{url.rest}"
    if scheme == "postgresql":
        options = {name: value for name, value in url.options.items() if name not in {"artifacts", "timeout_s"}}
        return f"postgresql+psycopg2:{url.rest}" + (f"?{urlencode(options)}" if options else "")
    if scheme == "sqlite":
        return f"sqlite:{url.rest}"
    parts = urlsplit(f"{scheme}:{url.rest}")
    return urlunsplit((scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
