"""A run as readers get it: its record, and what a colleague changed in AWS's own fields since (X3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from trackbridge.errors import IntegrityError
from trackbridge.protocol import NativeMetric, NativeRun
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.values import ParamValue, decode_value
from trackbridge_sagemaker.documents import Body
from trackbridge_sagemaker.names import param_key, tag_key
from trackbridge_sagemaker.screen import DELETED, Screen, name_of, screen_of, status_of
from trackbridge_sagemaker.segments import summaries_of

__all__ = ["differs", "inline", "native_param", "native_run"]


def native_run(record: Body, found: Screen | None, urls: tuple[str, ...]) -> NativeRun:
    """Read a run.

    Args:
        record: Its record.
        found: What its trial component shows; None where there is none, or where it shows what the record says.
        urls: Pages that show it.
    """
    expected = screen_of(record)
    seen = found or expected
    attributes = {
        name: decode_value(pair)
        for name, (pair, _) in record["attributes"].items()
        if pair is not None and name != "name"
    }
    name, status = name_of(record), record["status"][1]
    ended_ms = record["status"][2]
    if _outside(record, "name", expected.name, seen.name):
        name = seen.name
    if _outside(record, "status", expected.status, seen.status):
        status, ended_ms = status_of(seen.status), seen.ended_ms
    return NativeRun(
        id=record["id"],
        native_id=record["arn"] or "",
        experiment=record["experiment"],
        name=None if name is None else str(name),
        status=status,
        started_ms=record["started_ms"],
        ended_ms=ended_ms,
        parent=record["parent"],
        epoch=max(map(int, record["epochs"]), default=0),
        params=_params(record, expected, seen),
        tags=_tags(record, expected, seen),
        metrics=_metrics(record),
        datasets=tuple(DatasetRecord(**fields) for fields in record["datasets"].values()),
        attributes=attributes,
        urls=urls,
        deleted=record["deleted"],
        sidecar={name: inline(held) for name, held in record["objects"].items() if name.startswith("sidecar/")},
    )


def differs(record: Body, found: Screen) -> bool:
    """Tell whether a screen shows anything but what the record says: a list that lags shows it too."""
    expected = screen_of(record)
    return (
        expected.labels() != found.labels()
        or any(found.params.get(key) != value for key, value in expected.params.items())
        or len(found.params) > len(expected.params)
    )


def native_param(value: Mapping[str, Any]) -> ParamValue:
    """Give a parameter's value as AWS shows it: a float, or text."""
    number = value.get("NumberValue")
    return str(value.get("StringValue", "")) if number is None else float(number)


def inline(held: str | int) -> bytes | None:
    """Give the bytes of an object that came along in the record, None where it has an object of its own."""
    if isinstance(held, int):
        return None
    try:
        return base64.b64decode(held, validate=True)
    except binascii.Error as error:
        raise IntegrityError(f"an object in a record cannot be read: {error}", clause="X3") from error


def _outside(record: Body, label: str, expected: str | None, seen: str | None) -> bool:
    return seen != expected and seen not in record["history"].get(label, ())


def _params(record: Body, expected: Screen, seen: Screen) -> dict[str, ParamValue]:
    params = {}
    for name, (pair, _) in record["params"].items():
        key = param_key(name)
        there, ours = seen.params.get(key), expected.params.get(key)
        changed = ours is not None and there is not None and dict(there) != dict(ours)
        params[name] = native_param(there) if changed and there is not None else decode_value(pair)
    for key, value in seen.params.items():
        if key not in expected.params:
            params[key] = native_param(value)
    return params


def _tags(record: Body, expected: Screen, seen: Screen) -> dict[str, str]:
    names = {tag_key(name): name for name in record["tags"]}
    tags = {name: value for name, (value, _, _) in record["tags"].items() if value is not None}
    if seen is expected:
        return tags
    for key in expected.tags.keys() | seen.tags.keys():
        if key != DELETED and _outside(record, f"tag {key}", expected.tags.get(key), seen.tags.get(key)):
            name = names.get(key, key)
            if key in seen.tags:
                tags[name] = seen.tags[key]
            else:
                tags.pop(name, None)
    return tags


def _metrics(record: Body) -> dict[str, MetricSummary | NativeMetric]:
    return summaries_of(record["segments"].values())
