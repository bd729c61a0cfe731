"""The canonical form of a run and of a model, and their digests (C1–C3)."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from trackbridge.errors import IntegrityError
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.metrics import MetricPoint, point_key
from trackbridge.records.models import ModelRecord, ModelVersion
from trackbridge.records.names import is_reserved, shown
from trackbridge.records.runs import RunRecord
from trackbridge.records.trail import entry_hash
from trackbridge.records.values import canonical_json, encode_value

__all__ = [
    "RunningDigest",
    "assemble_run",
    "canonical_content",
    "canonical_model",
    "canonical_run",
    "digest",
    "series_digest",
    "stable_mlmodel",
]

FORM_VERSION: Final = 1

_POINT = struct.Struct(">qqd")
_UNTIMED = struct.Struct(">qd")
_NAN = float("nan")
_VOLATILE = re.compile(rb"^(?:model_uuid|utc_time_created|run_id|model_id):.*\n?", re.MULTILINE)
_RUN_BOUND = ("source.", "environment.", "native.")

Series = tuple[str, Iterable[MetricPoint]]


def digest(canonical: str) -> str:
    """Give ``sha256:hex`` of a canonical form."""
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def series_digest(points: Iterable[MetricPoint], *, timed: bool = True) -> list[Any]:
    """Give ``[count, sha256]`` of one series in M2 order; the hash is over big-endian (step, timestamp, value).

    Args:
        points: The points, each once and in order.
        timed: False leaves the timestamps out, after sorting by them and with multiplicity kept (C2).

    Raises:
        IntegrityError: the points are not a set in order.
    """
    running = RunningDigest(timed=timed)
    running.add(points)
    return running.result()


class RunningDigest:
    """The digest of a series that comes piece by piece: see `series_digest`."""

    __slots__ = ("_before", "_count", "_sha", "_timed")

    def __init__(self, *, timed: bool = True) -> None:
        self._timed = timed
        self._sha = hashlib.sha256()
        self._count = 0
        self._before: MetricPoint | None = None

    def add(self, points: Iterable[MetricPoint]) -> None:
        """Go on by some points; raise `IntegrityError` where they are not a set in order."""
        timed, update, before, count = self._timed, self._sha.update, self._before, self._count
        for point in points:
            name, step, timestamp_ms, value = point
            if before is not None and step <= before[1] and point_key(point) <= point_key(before):
                raise IntegrityError(
                    f"the points of {shown(name)} are not a set in (step, timestamp, value) order at step {step}",
                    clause="M2",
                )
            before = point
            count += 1
            if value != value:  # noqa: PLR0124 - true of NaN alone, of which there is one
                value = _NAN
            update(_POINT.pack(step, timestamp_ms, value) if timed else _UNTIMED.pack(step, value))
        self._before, self._count = before, count

    def result(self) -> list[Any]:
        """Give ``[count, sha256]`` of what was added."""
        return [self._count, self._sha.hexdigest()]


def _metrics(series: Iterable[Series], *, timed: bool) -> dict[str, list[Any]]:
    digests = {name: series_digest(points, timed=timed) for name, points in series}
    return {name: found for name, found in digests.items() if found[0]}


def canonical_run(
    run: RunRecord,
    series: Iterable[Series],
    artifacts: Iterable[ArtifactRecord],
    environment_files: Iterable[ArtifactRecord] = (),
) -> str:
    """Give the canonical form of one run, covering R, P, T, M, A, D and E (C1).

    Args:
        run: The run; `native_id`, `urls`, ``native.*`` attributes and ``trackbridge.*`` tags are left out.
        series: Pairs of a metric's name and its points in M2 order.
        artifacts: The run's artifacts, sha256 known.
        environment_files: The files of its environment (E1), sha256 known.
    """
    return assemble_run(run, _metrics(series, timed=True), artifacts, environment_files)


def assemble_run(
    run: RunRecord,
    metrics: Mapping[str, Sequence[Any]],
    artifacts: Iterable[ArtifactRecord],
    environment_files: Iterable[ArtifactRecord] = (),
) -> str:
    """Give the same of series whose digests are known: see `canonical_run` and `series_digest`."""
    form: dict[str, Any] = {
        "v": FORM_VERSION,
        "id": run.id,
        "experiment": run.experiment,
        "status": run.status,
        "started_ms": run.started_ms,
        "name": run.name,
        "ended_ms": run.ended_ms,
        "parent": run.parent,
        "datasets": _sorted_json(dataset.as_json() for dataset in run.datasets),
        **_common(run, artifacts, lambda name: name.startswith("native.")),
        "environment_files": _files(environment_files),
        "metrics": metrics,
    }
    return canonical_json({key: value for key, value in form.items() if value not in (None, {}, [])})


def canonical_content(run: RunRecord, series: Iterable[Series], artifacts: Iterable[ArtifactRecord]) -> str:
    """Give the canonical form of what a deterministic script logs, alike on any backend at any time (C2).

    Leaves out ids and parent links, times, source, environment, ``system/*`` metrics and dataset uris. The caller
    passes an `artifacts` list in which every file named MLmodel is hashed through `stable_mlmodel`.
    """
    datasets = ({key: value for key, value in dataset.as_json().items() if key != "uri"} for dataset in run.datasets)
    form: dict[str, Any] = {
        "v": FORM_VERSION,
        "experiment": run.experiment,
        "status": run.status,
        "name": run.name,
        "datasets": _sorted_json(datasets),
        **_common(run, artifacts, lambda name: name.startswith(_RUN_BOUND)),
        "metrics": _metrics((pair for pair in series if not pair[0].startswith("system/")), timed=False),
    }
    return canonical_json({key: value for key, value in form.items() if value not in (None, {}, [])})


def canonical_model(model: ModelRecord, versions: Sequence[ModelVersion], entries: Sequence[bytes]) -> str:
    """Give the canonical form of a model: itself, its versions and its trail (C3)."""
    rows = []
    for version in sorted(versions, key=lambda v: v.number):
        fields = {name: getattr(version, name) for name in _VERSION_FIELDS}
        fields["tags"] = _tags(version.tags)
        fields["aliases"] = sorted(version.aliases)
        rows.append({key: value for key, value in fields.items() if value not in (None, {}, [])})
    form = {
        "v": FORM_VERSION,
        "name": model.name,
        "description": model.description,
        "tags": _tags(model.tags),
        "versions": rows,
        "trail": [len(entries), entry_hash(entries[-1])] if entries else None,
    }
    return canonical_json({key: value for key, value in form.items() if value not in (None, {}, [])})


def stable_mlmodel(content: bytes) -> bytes:
    """Drop the keys of an MLmodel file that differ between two equal models (C2)."""
    return _VOLATILE.sub(b"", content)


_VERSION_FIELDS = (
    "number", "run_id", "artifact_path", "digest", "signature", "input_example", "description", "created_ms", "stage", "approval",
)  # fmt: skip


def _common(run: RunRecord, artifacts: Iterable[ArtifactRecord], leave_out: Callable[[str], bool]) -> dict[str, Any]:
    return {
        "params": {name: encode_value(value) for name, value in run.params.items()},
        "tags": _tags(run.tags),
        "attributes": {name: encode_value(value) for name, value in run.attributes.items() if not leave_out(name)},
        "artifacts": _files(artifacts),
    }


def _tags(tags: Any) -> dict[str, str]:
    return {name: value for name, value in tags.items() if not is_reserved(name)}


def _files(artifacts: Iterable[ArtifactRecord]) -> list[list[Any]]:
    return [[artifact.path, artifact.size, artifact.sha256] for artifact in sorted(artifacts)]


def _sorted_json(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=canonical_json)
