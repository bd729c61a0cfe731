"""W&B's runs as the core knows runs, and back: which field of W&B, or which key of the config, holds what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from trackbridge.protocol import NativeMetric, NativeRun
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.runs import RunStatus
from trackbridge.records.values import ParamValue
from trackbridge.records.writes import RunWrites
from trackbridge_wandb.document import ATTRIBUTES, DATASETS, OWN, TAGS, Document
from trackbridge_wandb.naming import time_ms
from trackbridge_wandb.rows import numeric_keys
from trackbridge_wandb.summary import Lasts
from trackbridge_wandb.values import flatten

__all__ = ["EXIT_CODES", "NOT_CARRIED", "apply", "mark_deleted", "native_path", "native_run"]

NAME: Final = "name"  # the attribute that is the run's own name
NOTES: Final = "notes"
NOT_CARRIED: Final = "wandb.not_carried"  # names what of W&B's no record holds
EXIT_CODES: Final[Mapping[RunStatus, int]] = {"FINISHED": 0, "FAILED": 1, "KILLED": 255}
"""What W&B is told of an end; 255 is what its own client tells after an interrupt (sdk/lib/exit_hooks.py)."""

_FIELDS: Final = {"wandb.group": "groupName", "wandb.job_type": "jobType", NOTES: "notes"}
_SHOWN: Final = {"source.host": "host", "source.entry_point": "program"}  # W&B has fields for them, and gives none back
_STATES: Final[Mapping[str, RunStatus]] = {
    "finished": "FINISHED",
    "failed": "FAILED",
    "crashed": "KILLED",
    "killed": "KILLED",
    "preempted": "KILLED",
}
_LABEL_CHARS: Final = 64
_DELETED: Final = "trackbridge:deleted"


def native_run(
    run_id: str,
    natives: Sequence[Mapping[str, Any]],
    experiment: str,
    urls: tuple[str, ...],
    lost: Sequence[str] = (),
) -> NativeRun:
    """Read W&B's runs of one id, the one that shows it first.

    Args:
        run_id: Trackbridge's id.
        natives: W&B's records.
        experiment: The name of the experiment.
        urls: Pages that show it.
        lost: What W&B's own client logged to it that cannot be carried.
    """
    documents = [Document(native["config"]) for native in natives]
    if "id" not in documents[0].own:
        return _foreign_run(run_id, natives[0], experiment, urls, lost)
    head, owns = natives[0], [document.own for document in documents]
    main = owns[0]
    ended = max(owns, key=lambda own: own.get("status_ns", 0))
    name = head["displayName"]
    return NativeRun(
        id=run_id,
        native_id=native_path(head),
        experiment=experiment,
        name=None if name == run_id else name,
        status=ended.get("status", "RUNNING"),
        started_ms=int(main.get("started_ms") or 0),
        ended_ms=ended.get("ended_ms"),
        parent=main.get("parent"),
        epoch=max(int(own.get("epoch", 0)) for own in owns),
        params=_union([document.params for document in documents]),
        tags=_tags(head, documents),
        metrics=_metrics(natives),
        datasets=tuple(dict.fromkeys(DatasetRecord(**one) for document in documents for one in document.datasets)),
        attributes=_attributes(head, documents, lost),
        urls=urls,
        deleted=bool(max((own.get("deleted", [False, 0]) for own in owns), key=lambda mark: mark[1])[0]),
        sidecar={
            name: document.inline(name)
            for document in reversed(documents)
            for name in document.object_infos("sidecar/")
        },
    )


def native_path(native: Mapping[str, Any]) -> str:
    """Give what W&B's own client finds a run by, below its entity."""
    return f"{native['project_name']}/{native['name']}"


def _labels(document: Document) -> list[str]:
    """Give the tags that W&B's screens show and filter by: ``name:value`` where W&B takes that."""
    shown = [f"{name}:{value}" if value else name for name, value in document.tags.items()]
    if document.own.get("deleted", [False])[0]:
        shown.append(_DELETED)
    return [label for label in shown if len(label) <= _LABEL_CHARS and label.isprintable()]


def apply(document: Document, native: Mapping[str, Any], writes: RunWrites) -> dict[str, Any]:
    """Put writes into a config; give the fields of W&B's own that change with them.

    Args:
        document: The config of one of W&B's runs.
        native: Its record.
        writes: What to write; its params were checked.
    """
    fields: dict[str, Any] = {}
    tags, attributes = dict(document.tags), dict(document.attributes)
    for tag in writes.tags:
        _set(tags, tag.name, tag.value)
    for attribute in writes.attributes:
        text = None if attribute.value is None else str(attribute.value)
        if attribute.name == NAME:
            fields["displayName"] = text or str(document.own["id"])
        elif attribute.name in _FIELDS:
            fields[_FIELDS[attribute.name]] = text or ""
        else:
            _set(attributes, attribute.name, text)
            if attribute.name in _SHOWN and text:
                fields[_SHOWN[attribute.name]] = text
    document.set_params(writes.params)
    document.set(TAGS, tags)
    document.set(ATTRIBUTES, attributes)
    document.set(DATASETS, _with_datasets(document.datasets, writes.datasets))
    return fields | _relabel(document, native)


def mark_deleted(document: Document, native: Mapping[str, Any], deleted: bool, at_ns: int) -> dict[str, Any]:
    """Mark a run deleted, or not any more; give the fields of W&B's own that change with it."""
    document.set(OWN, {**document.own, "deleted": [deleted, at_ns]})
    return _relabel(document, native)


def _relabel(document: Document, native: Mapping[str, Any]) -> dict[str, Any]:
    """Give W&B's tags, if they change: ours as they are now, and whatever colleagues have added."""
    before, after = document.own.get("labels", []), _labels(document)
    if before == after:
        return {}
    document.set(OWN, {**document.own, "labels": after})
    return {"tags": [*(label for label in native["tags"] or () if label not in before and label not in after), *after]}


def _set(values: dict[str, str], name: str, value: str | None) -> None:
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value


def _with_datasets(known: list[dict[str, Any]], more: Iterable[DatasetRecord]) -> list[dict[str, Any]]:
    records = {DatasetRecord(**one): one for one in known}
    return list({**records, **{one: dict(one.as_json()) for one in more}}.values())


def _tags(head: Mapping[str, Any], documents: Sequence[Document]) -> dict[str, str]:
    tags = _union([document.tags for document in documents])
    ours = {label for document in documents for label in document.own.get("labels", ())}
    return {**{label: "" for label in head["tags"] or () if label not in ours and label not in tags}, **tags}


def _attributes(head: Mapping[str, Any], documents: Sequence[Document], lost: Sequence[str]) -> dict[str, ParamValue]:
    attributes: dict[str, ParamValue] = dict(_union([document.attributes for document in documents]))
    if head["notes"]:
        attributes[NOTES] = head["notes"]
    if head["group"] and head["group"] != documents[0].own.get("parent"):
        attributes["wandb.group"] = head["group"]
    if head["jobType"]:
        attributes["wandb.job_type"] = head["jobType"]
    if lost:
        known = attributes.get(NOT_CARRIED)
        attributes[NOT_CARRIED] = "; ".join([*([known] if isinstance(known, str) else []), *lost])
    return attributes


def _metrics(natives: Sequence[Mapping[str, Any]]) -> dict[str, NativeMetric]:
    several = [Lasts.read(native["summaryMetrics"]) for native in natives]
    known = [
        lasts.metrics(int(native["historyLineCount"] or 0)) for lasts, native in zip(several, natives, strict=True)
    ]
    merged = Lasts(point for lasts in several for point in lasts)
    metrics = merged.metrics(merged.lines)
    for one in known:
        metrics |= {name: metric for name, metric in one.items() if metric.last is None}
    for native in natives:  # rows whose summary was lost, and those of W&B's own client
        for name in numeric_keys(native.get("historyKeys"))[0]:
            metrics.setdefault(name, NativeMetric())
    return metrics


def _foreign_run(
    run_id: str,
    native: Mapping[str, Any],
    experiment: str,
    urls: tuple[str, ...],
    references: Sequence[str],
) -> NativeRun:
    document = Document(native["config"])
    params, lost = flatten(document.plain)
    metrics, others = numeric_keys(native.get("historyKeys"))
    own = document.own
    status = own.get("status") or _STATES.get(native["state"] or "", "RUNNING")
    attributes: dict[str, ParamValue] = {
        name: value
        for name, value in {
            NOTES: native["notes"],
            "wandb.group": native["group"],
            "wandb.job_type": native["jobType"],
            "wandb.sweep": native["sweepName"],
            "wandb.commit": native["commit"],
            "wandb.user": (native.get("user") or {}).get("username"),
            NOT_CARRIED: "; ".join(
                [*(f"config {name}" for name in lost), *(f"history {name}" for name in others), *references]
            ),
        }.items()
        if value
    }
    return NativeRun(
        id=run_id,
        native_id=native_path(native),
        experiment=experiment,
        name=native["displayName"] or None,
        status=status,
        started_ms=time_ms(native["createdAt"]),
        ended_ms=None if status == "RUNNING" else own.get("ended_ms") or time_ms(native["heartbeatAt"]),
        epoch=int(own.get("epoch", 0)),
        params=params,
        tags=_tags(native, [document]),
        metrics=dict.fromkeys(metrics, NativeMetric()),
        datasets=tuple(DatasetRecord(**one) for one in document.datasets),
        attributes={**attributes, **document.attributes},
        urls=urls,
        deleted=bool(own.get("deleted", [False])[0]),
        sidecar={name: document.inline(name) for name in document.object_infos("sidecar/")},
    )


def _union(several: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for one in reversed(several) for key, value in one.items()}
