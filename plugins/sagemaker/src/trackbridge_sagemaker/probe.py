"""The suite's independent reader: raw boto3, and never the adapter."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

from trackbridge.protocol import BackendUrl, VersionState
from trackbridge.records.models import Approval, Stage
from trackbridge.records.runs import RunStatus
from trackbridge.records.values import decode_value
from trackbridge.testing.probe import ProbedModel, ProbedRun

__all__ = ["SageMakerProbe"]

_STATUS: Final[dict[str, RunStatus]] = {
    "InProgress": "RUNNING",
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "Stopped": "KILLED",
}
_STAGES: Final[dict[str, Stage]] = {"Staging": "Staging", "Production": "Production", "Archived": "Archived"}
_APPROVALS: Final[dict[str, Approval]] = {
    "PendingManualApproval": "pending",
    "Approved": "approved",
    "Rejected": "rejected",
}
_STAGE_STATUS: Final = {
    "Staging": "PendingApproval",
    "Production": "Approved",
    "Archived": "Retired",
    "None": "Withdrawn",
}
_INPUT: Final = re.compile(r"(?P<name>.*?)(?: \[(?P<context>.*)\])?", re.DOTALL)


class SageMakerProbe:
    """See `trackbridge.testing.Probe`. Credentials come from AWS's own places."""

    def __init__(self, url: BackendUrl) -> None:
        import boto3

        session = boto3.session.Session(region_name=url.location.strip("/"))
        self._sagemaker = session.client("sagemaker", endpoint_url=url.option("endpoint_url"))
        self._s3 = session.client("s3", endpoint_url=url.option("s3_endpoint_url"))
        self._bucket = url.option("bucket") or ""
        self._prefix = unquote(url.option("prefix") or "trackbridge").strip("/")

    def run(self, run_id: str) -> ProbedRun | None:
        """Find the run by trackbridge's id."""
        found = self._component(run_id)
        if found is None:
            return None
        record = json.loads(self._get(f"runs/{run_id}/run.json"))
        tags = self._tags(found["TrialComponentArn"])
        trial = self._sagemaker.describe_trial(TrialName=record["trial"])
        experiment = self._sagemaker.describe_experiment(ExperimentName=trial["ExperimentName"])
        name = found["DisplayName"]
        return ProbedRun(
            native_id=found["TrialComponentArn"],
            name=None if name == found["TrialComponentName"] else name,
            experiment=experiment["ExperimentName"],
            status=_STATUS[found["Status"]["PrimaryStatus"]],
            started_ms=_exact(record["started_ms"], found["StartTime"]),
            ended_ms=None if record["status"][2] is None else _exact(record["status"][2], found["EndTime"]),
            parent=record["parent"],
            deleted=tags.pop("trackbridge.deleted", None) == "true",
            params=_params(record, found.get("Parameters", {})),
            tags=tags,
            datasets=tuple(_dataset(key) for key in found.get("InputArtifacts", {})),
            artifacts=dict(self._list(f"runs/{run_id}/artifacts/")),
        )

    def series(self, run_id: str, metric: str) -> list[tuple[int, int, float]]:
        """Give (step, timestamp in ms, value) of every point of the metric in the run's segments, in any order."""
        record = json.loads(self._get(f"runs/{run_id}/run.json"))
        points: set[tuple[int, int, bytes]] = set()
        for name, said in record["segments"].items():
            data = self._get(f"runs/{run_id}/metrics/{name}")
            assert hashlib.sha256(data).hexdigest() == said["sha256"], f"the segment {name} is damaged"
            points.update(_segment(data, metric))
        return [(step, time, struct.unpack(">d", value)[0]) for step, time, value in points]

    def artifact(self, run_id: str, path: str) -> bytes:
        """Give the bytes of an artifact."""
        return self._get(f"runs/{run_id}/artifacts/{path}")

    def model(self, name: str) -> ProbedModel | None:
        """Find a model, its versions and its stored trail."""
        folder = _model_folder(name)
        try:
            self._get(f"{folder}model.json")
        except self._s3.exceptions.NoSuchKey:
            return None
        versions = {}
        for key, _ in self._list(f"{folder}versions/"):  # SageMaker's list of packages lags behind
            held = json.loads(self._get(f"{folder}versions/{key}"))
            package = None if held["deleted"] else self._package(held["package"])
            if package is not None:
                versions[int(key.removesuffix(".json"))] = _state(package)
        entries = [self._get(f"{folder}trail/{key}") for key, _ in self._list(f"{folder}trail/")]
        return ProbedModel(name, versions, tuple(entries))

    def delete_sidecars(self, run_id: str) -> int:
        """Delete the run's sidecar objects behind everybody's back; give how many there were."""
        key = f"runs/{run_id}/run.json"
        record = json.loads(self._get(key))
        names = [name for name in record["objects"] if name.startswith("sidecar/")]
        for name in names:
            del record["objects"][name]
            self._s3.delete_object(Bucket=self._bucket, Key=self._key(f"runs/{run_id}/objects/{name}"))
        self._put(key, json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())
        return len(names)

    def set_tag(self, run_id: str, name: str, value: str) -> None:
        """Change a native tag as a colleague with the vendor's client would."""
        found = self._component(run_id)
        assert found is not None, f"SageMaker has no trial component of run {run_id}"
        self._sagemaker.add_tags(ResourceArn=found["TrialComponentArn"], Tags=[{"Key": name, "Value": value}])

    def set_stage(self, model: str, number: int, stage: str) -> None:
        """Change a version's native stage as a colleague would."""
        held = json.loads(self._get(f"{_model_folder(model)}versions/{number:09}.json"))
        life = {"Stage": stage, "StageStatus": _STAGE_STATUS[stage]}
        self._sagemaker.update_model_package(ModelPackageArn=held["package"], ModelLifeCycle=life)

    def replace_entries(self, model: str, entries: tuple[bytes, ...]) -> None:
        """Overwrite the stored trail, leaving the head that lies on the model as it was: what a forger would do."""
        folder = f"{_model_folder(model)}trail/"
        for key, _ in list(self._list(folder)):
            self._s3.delete_object(Bucket=self._bucket, Key=self._key(folder + key))
        for n, entry in enumerate(entries):
            self._put(f"{folder}{n:09}", entry)

    def close(self) -> None:
        """Let go of connections."""
        self._sagemaker.close()
        self._s3.close()

    def _component(self, run_id: str) -> Any:
        with suppress(self._sagemaker.exceptions.ResourceNotFound):
            return self._sagemaker.describe_trial_component(TrialComponentName=f"tb-{run_id}")
        return None

    def _tags(self, arn: str) -> dict[str, str]:
        tags: dict[str, str] = {}
        for page in self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn):
            tags.update((tag["Key"], tag["Value"]) for tag in page["Tags"])
        return tags

    def _package(self, arn: str) -> Any:
        with suppress(self._sagemaker.exceptions.ClientError):
            return self._sagemaker.describe_model_package(ModelPackageName=arn)
        return None

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key

    def _get(self, key: str) -> bytes:
        return bytes(self._s3.get_object(Bucket=self._bucket, Key=self._key(key))["Body"].read())

    def _put(self, key: str, data: bytes) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=self._key(key), Body=data)

    def _list(self, folder: str) -> Iterator[tuple[str, int]]:
        """Give the keys below a folder, relative to it, with their sizes."""
        prefix = self._key(folder)
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                yield entry["Key"].removeprefix(prefix), entry["Size"]


def _exact(time_ms: int, shown: datetime) -> int:
    """Give a time of the record, once SageMaker's own, which boto3 sends in whole seconds, agrees with it."""
    seconds = (shown - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    assert abs(seconds - time_ms / 1_000) < 1, f"SageMaker shows {shown} for {time_ms} ms"
    return time_ms


def _params(record: Any, native: Any) -> dict[str, object]:
    """Give the params: as SageMaker shows them where that is all of them, else as the record has them."""
    params: dict[str, object] = {}
    for name, (pair, _) in record["params"].items():
        value = decode_value(pair)
        there = native.get(name, {})
        number, text = there.get("NumberValue"), there.get("StringValue")
        if isinstance(value, float) and number is not None:
            assert number == value, f"SageMaker shows {number} for the param {name!r}"
            value = number
        elif isinstance(value, str) and text is not None and "[sha256:" not in text:
            assert text == value, f"SageMaker shows {text!r} for the param {name!r}"
            value = text
        params[name] = value
    return params


def _state(package: Any) -> VersionState:
    metadata = package.get("CustomerMetadataProperties", {})
    aliases = (key.removeprefix("trackbridge.alias.") for key in metadata if key.startswith("trackbridge.alias."))
    stage = package.get("ModelLifeCycle", {}).get("Stage", "None")
    return VersionState(_STAGES.get(stage, "None"), _APPROVALS[package["ModelApprovalStatus"]], tuple(sorted(aliases)))


def _dataset(key: str) -> tuple[str, str | None, str | None]:
    found = _INPUT.fullmatch(key)
    assert found is not None
    return found["name"], None, found["context"]


def _segment(data: bytes, metric: str) -> Iterator[tuple[int, int, bytes]]:
    assert data[:8] == b"TBSEG001", "a segment begins as one"
    (length,) = struct.unpack(">I", data[8:12])
    offset = 12 + length
    for name, count, size in json.loads(data[12:offset]):
        if name == metric:
            columns = zlib.decompress(data[offset : offset + size])
            steps, times = (struct.unpack_from(f">{count}q", columns, 8 * count * i) for i in range(2))
            values = [columns[16 * count + 8 * i : 16 * count + 8 * i + 8] for i in range(count)]
            yield from zip(steps, times, values, strict=True)
        offset += size


def _model_folder(name: str) -> str:
    return f"models/{hashlib.sha256(name.encode()).hexdigest()[:32]}/"
