"""MLflow's run as the core knows runs, and back: which tag, field or input holds which attribute."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from trackbridge.protocol import NativeMetric, NativeRun
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.ids import foreign_run_id
from trackbridge.records.runs import RunStatus
from trackbridge_mlflow.inline import inline_objects
from trackbridge_mlflow.tags import ATTRIBUTE, EPOCH, HIDDEN, ID, MLFLOW, NOTE, PARENT, is_own

__all__ = ["NAME", "PARENT_TAG", "attribute_tag", "is_ours", "merged", "native_dataset", "native_run", "run_id_of"]

NAME: Final = "name"  # the attribute that is the run's own name
PARENT_TAG: Final = "mlflow.parentRunId"

_NAME_TAG: Final = "mlflow.runName"
_TAG_OF: Final = {"notes": NOTE, "source.entry_point": "mlflow.source.name", "source.user": "mlflow.user"}
_ATTRIBUTE_OF: Final = {tag: attribute for attribute, tag in _TAG_OF.items()}
_CONTEXT: Final = "mlflow.data.context"
_OURS: Final = f"{HIDDEN}dataset"
_NO_DIGEST: Final = "none"
_DIGEST_CHARS: Final = 36


def attribute_tag(name: str) -> str:
    """Give the tag that holds an attribute; MLflow's own one where its screens know such a thing."""
    if name.startswith(MLFLOW) and not name.startswith(HIDDEN):
        return name
    return _TAG_OF.get(name, ATTRIBUTE + name)


def run_id_of(run: Any) -> str:
    """Give trackbridge's id of MLflow's run: its tag, or for a foreign one what follows from MLflow's id (R1)."""
    return str(run.data.tags.get(ID) or foreign_run_id(run.info.run_id))


def native_run(run: Any, experiment: str, parent_id: Callable[[str], str | None], urls: tuple[str, ...]) -> NativeRun:
    """Read one of MLflow's runs.

    Args:
        run: MLflow's record.
        experiment: The name of its experiment.
        parent_id: Gives trackbridge's id for MLflow's.
        urls: Pages that show it.
    """
    tags, info, own_id = dict(run.data.tags), run.info, run_id_of(run)
    ours = ID in tags
    native_parent = tags.get(PARENT_TAG)
    parent = tags.get(PARENT) or (parent_id(native_parent) if native_parent else None)
    name = info.run_name or tags.get(_NAME_TAG)
    status = _status(info.status)
    ended_ms = None if status == "RUNNING" else info.end_time
    if ours and status != "RUNNING" and ended_ms is None:
        ended_ms = 0  # MLflow's protocol cannot tell 0 from none, and our ended runs have an end
    return NativeRun(
        id=own_id,
        native_id=info.run_id,
        experiment=experiment,
        name=None if not name or (ours and name == own_id) else name,
        status=status,
        started_ms=int(info.start_time or 0),
        ended_ms=None if ended_ms is None else int(ended_ms),
        parent=parent,
        epoch=max((_epoch(key) for key in run.data.params), default=0),
        params={key: value for key, value in run.data.params.items() if not key.startswith(EPOCH)},
        tags={key: value for key, value in tags.items() if not key.startswith(MLFLOW) and not is_own(key)},
        metrics=_metrics(run.data._metric_objs),  # noqa: SLF001 - the public dict has no steps and times
        datasets=tuple(_dataset(found) for found in (run.inputs.dataset_inputs if run.inputs else ())),
        attributes=_attributes(tags),
        urls=urls,
        deleted=info.lifecycle_stage != "active",
        sidecar=inline_objects(tags, "sidecar/"),
    )


def merged(runs: Sequence[NativeRun]) -> NativeRun:
    """Make one of the native runs that two racing creators made for one id, the leading one given first (R1)."""
    leader, *others = runs
    if not others:
        return leader
    ended = [run for run in (leader, *others) if run.status != "RUNNING"]
    last = max(ended, key=lambda run: run.ended_ms or 0, default=leader)
    return NativeRun(
        id=leader.id,
        native_id=leader.native_id,
        experiment=leader.experiment,
        name=next((run.name for run in (leader, *others) if run.name), None),
        status=last.status,
        started_ms=leader.started_ms,
        ended_ms=last.ended_ms,
        parent=leader.parent,
        epoch=max(run.epoch for run in (leader, *others)),
        params=_union([run.params for run in (leader, *others)]),
        tags=_union([run.tags for run in (leader, *others)]),
        metrics=_merged_metrics(runs),
        datasets=tuple(dict.fromkeys(dataset for run in (leader, *others) for dataset in run.datasets)),
        attributes=_union([run.attributes for run in (leader, *others)]),
        urls=leader.urls,
        deleted=leader.deleted,
        sidecar=_union([run.sidecar for run in (leader, *others)]),
    )


def native_dataset(dataset: DatasetRecord) -> Any:
    """Give MLflow's input for a dataset, as much of it as MLflow holds: 36 characters of the digest, one context."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    digest = (dataset.digest or _NO_DIGEST)[:_DIGEST_CHARS]
    source = json.dumps({"uri": dataset.uri or ""})[:65_535]
    tags = [InputTag(_OURS, "1")]
    if dataset.context is not None:
        tags.append(InputTag(_CONTEXT, dataset.context[:500]))
    profile = None if dataset.rows is None else json.dumps({"num_rows": dataset.rows})
    schema = None if dataset.schema is None or len(dataset.schema) > 1_048_575 else dataset.schema
    return DatasetInput(Dataset(dataset.name, digest, "trackbridge", source, schema, profile), tags)


def is_ours(found: Any) -> bool:
    """Tell whether trackbridge wrote this input."""
    return any(tag.key == _OURS for tag in found.tags)


def _dataset(found: Any) -> DatasetRecord:
    tags = {tag.key: tag.value for tag in found.tags}
    dataset, context = found.dataset, tags.get(_CONTEXT)
    if _OURS in tags:
        # Only what is surely this use's own: MLflow shows the source of whoever was first to use name and digest.
        digest = None if dataset.digest == _NO_DIGEST else dataset.digest
        return DatasetRecord(dataset.name, digest=digest, context=context)
    profile = _json(dataset.profile)
    shape = profile.get("features_shape")
    rows = profile.get("num_rows", shape[0] if isinstance(shape, list) and shape else None)
    return DatasetRecord(
        dataset.name,
        digest=f"mlflow:{dataset.digest}" if dataset.digest.isalnum() else None,
        uri=_uri(dataset.source),
        context=context,
        schema=dataset.schema or None,
        rows=rows if type(rows) is int and rows >= 0 else None,
    )


def _uri(source: str) -> str | None:
    fields = _json(source)
    found = (fields.get(name) for name in ("uri", "url", "path"))
    return next((str(value) for value in found if value), None)


def _json(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _status(text: str) -> RunStatus:
    match text:
        case "FINISHED" | "FAILED" | "KILLED":
            return text
    return "RUNNING"  # RUNNING itself, and SCHEDULED


def _epoch(param: str) -> int:
    digits = param.removeprefix(EPOCH)
    return int(digits) if param.startswith(EPOCH) and digits.isdigit() else 0


def _metrics(latest: Iterable[Any]) -> dict[str, NativeMetric]:
    # MLflow stores NaN as 0 with a mark, so that it is "latest" over −1 at one step and time: M4 says otherwise.
    return {
        metric.key: NativeMetric()
        if metric.value != metric.value
        else NativeMetric(float(metric.value), int(metric.step), int(metric.timestamp))
        for metric in latest
    }


def _merged_metrics(runs: Sequence[NativeRun]) -> dict[str, Any]:
    names = {name for run in runs for name in run.metrics}
    found = {name: [run.metrics[name] for run in runs if name in run.metrics] for name in names}
    return {name: several[0] if len(several) == 1 else NativeMetric() for name, several in found.items()}


def _attributes(tags: Mapping[str, str]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for key, value in tags.items():
        if key.startswith(ATTRIBUTE):
            attributes[key.removeprefix(ATTRIBUTE)] = value
        elif key.startswith(MLFLOW) and not key.startswith(HIDDEN) and key not in {_NAME_TAG, PARENT_TAG}:
            attributes[_ATTRIBUTE_OF.get(key, key)] = value
    return attributes


def _union(several: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for one in reversed(several) for key, value in one.items()}
