"""What others read: one Parquet row per run, experiment and model, with typed, nested columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from trackbridge.adapters.archive.runstate import RunState
from trackbridge.protocol import NativeModel, NativeVersion
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.metrics import MAX_STEP, MIN_STEP, MetricSummary
from trackbridge.records.values import ParamValue

__all__ = ["FORMAT_VERSION", "experiment_row", "model_row", "run_row", "write_row"]

FORMAT_VERSION: Final = 1


def write_row(file: Path, kind: str, row: Mapping[str, Any]) -> None:
    """Write a table of one row; `kind` is "run", "experiment" or "model"."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = _SCHEMAS[kind](pa)
    parquet.write_table(pa.Table.from_pylist([dict(row)], schema=schema), file, compression="zstd", version="2.6")


def run_row(state: RunState, last: int, summaries: Mapping[str, MetricSummary]) -> dict[str, Any]:
    """Give the row of a run as of commit `last`."""
    header, status = state.header, state.status
    assert header is not None  # only runs that exist have a row
    named = state.attributes.get("name")
    return {
        "format": FORMAT_VERSION,
        "commit": last,
        "id": header.id,
        "name": state.first_name if named is None else named.value,
        "experiment": header.experiment,
        "status": status.status if status else "RUNNING",
        "started": header.started_ms,
        "ended": status.ended_ms if status else None,
        "parent": header.parent,
        "deleted": state.deleted,
        "params": [_typed(name, value) for name, value in sorted(state.params.items())],
        "tags": [_pair(name, tag.value) for name, tag in sorted(state.tags.items()) if tag.value is not None],
        "attributes": [
            _typed(name, one.value)
            for name, one in sorted(state.attributes.items())
            if one.value is not None and name != "name"
        ],
        "metrics": [_summary(name, summary) for name, summary in sorted(summaries.items())],
        "datasets": [dataset.as_json() for _, dataset in sorted(state.datasets.items())],
        "artifacts": [
            {"path": path, "size": size, "sha256": sha256} for path, (size, sha256) in sorted(state.artifacts.items())
        ],
        "points_file": state.points.key.rpartition("/")[2] if state.points else None,
    }


def experiment_row(record: ExperimentRecord, last: int) -> dict[str, Any]:
    """Give the row of an experiment as of commit `last`."""
    return {
        "format": FORMAT_VERSION,
        "commit": last,
        "name": record.name,
        "description": record.description,
        "tags": [_pair(name, value) for name, value in sorted(record.tags.items())],
        "created": record.created_ms,
        "deleted": record.deleted,
    }


def model_row(
    model: NativeModel, versions: Iterable[tuple[NativeVersion, bool]], trail: Mapping[int, bytes], last: int
) -> dict[str, Any]:
    """Give the row of a model as of commit `last`; with each version comes whether it is deleted."""
    record = ExperimentRecord(model.name, model.description, model.tags, model.created_ms, model.deleted)
    return {
        **experiment_row(record, last),
        "versions": [_version(version, deleted) for version, deleted in versions],
        "trail": [{"n": n, "entry": entry} for n, entry in sorted(trail.items())],
    }


def _version(version: NativeVersion, deleted: bool) -> dict[str, Any]:
    spec, state = version.spec, version.state
    return {
        "number": version.number,
        "run_id": spec.run_id,
        "artifact_path": spec.artifact_path,
        "digest": spec.digest,
        "created": spec.created_ms,
        "signature": spec.signature,
        "input_example": spec.input_example,
        "description": spec.description,
        "tags": [_pair(name, value) for name, value in sorted(spec.tags.items())],
        "stage": state.stage,
        "approval": state.approval,
        "aliases": list(state.aliases),
        "deleted": deleted,
    }


def _typed(name: str, value: ParamValue) -> dict[str, Any]:
    """Give name, type and the value as text, and where they can hold it in a column of its type."""
    row: dict[str, Any] = {"name": name, "type": type(value).__name__, "value": str(value)}
    match value:
        case None:
            row |= {"type": "none", "value": None}
        case bool():
            row |= {"value": str(value).lower(), "bool": value}
        case int():
            row["int"] = value if MIN_STEP <= value <= MAX_STEP else None
        case float():
            row |= {"value": repr(value), "float": value}
        case list() | dict():
            row["value"] = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return row


def _pair(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _summary(name: str, summary: MetricSummary) -> dict[str, Any]:
    return {
        "name": name,
        "last": summary.last,
        "last_step": summary.last_step,
        "last_timestamp": summary.last_timestamp_ms,
        "min": summary.min,
        "max": summary.max,
        "count": summary.count,
    }


def _run_schema(pa: Any) -> Any:
    time, typed = pa.timestamp("ms", tz="UTC"), _typed_list(pa)
    summary = {"last": pa.float64(), "last_step": pa.int64(), "last_timestamp": time, "min": pa.float64()}
    return pa.schema(
        {
            **_common(pa),
            "id": pa.string(),
            "name": pa.string(),
            "experiment": pa.string(),
            "status": pa.string(),
            "started": time,
            "ended": time,
            "parent": pa.string(),
            "deleted": pa.bool_(),
            "params": typed,
            "tags": _pairs(pa),
            "attributes": typed,
            "metrics": _list(pa, {"name": pa.string(), **summary, "max": pa.float64(), "count": pa.int64()}),
            "datasets": _list(
                pa,
                {
                    **dict.fromkeys(("name", "version", "digest", "uri", "context", "schema"), pa.string()),
                    "rows": pa.int64(),
                },
            ),
            "artifacts": _list(pa, {"path": pa.string(), "size": pa.int64(), "sha256": pa.string()}),
            "points_file": pa.string(),
        }
    )


def _experiment_schema(pa: Any) -> Any:
    return pa.schema(
        {
            **_common(pa),
            "name": pa.string(),
            "description": pa.string(),
            "tags": _pairs(pa),
            "created": pa.timestamp("ms", tz="UTC"),
            "deleted": pa.bool_(),
        }
    )


def _model_schema(pa: Any) -> Any:
    time, text = pa.timestamp("ms", tz="UTC"), pa.string()
    version = {
        "number": pa.int64(),
        "run_id": text,
        "artifact_path": text,
        "digest": text,
        "created": time,
        "signature": text,
        "input_example": text,
        "description": text,
        "tags": _pairs(pa),
        "stage": text,
        "approval": text,
        "aliases": pa.list_(text),
        "deleted": pa.bool_(),
    }
    common = _experiment_schema(pa)
    return pa.schema(
        {
            **dict(zip(common.names, common.types, strict=True)),
            "versions": _list(pa, version),
            "trail": _list(pa, {"n": pa.int64(), "entry": pa.binary()}),
        }
    )


def _common(pa: Any) -> dict[str, Any]:
    return {"format": pa.int32(), "commit": pa.int64()}


def _list(pa: Any, fields: Mapping[str, Any]) -> Any:
    return pa.list_(pa.struct(list(fields.items())))


def _pairs(pa: Any) -> Any:
    return _list(pa, {"name": pa.string(), "value": pa.string()})


def _typed_list(pa: Any) -> Any:
    text = pa.string()
    return _list(
        pa, {"name": text, "type": text, "value": text, "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    )


_SCHEMAS: Final = {"run": _run_schema, "experiment": _experiment_schema, "model": _model_schema}
