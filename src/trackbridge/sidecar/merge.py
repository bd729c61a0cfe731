"""A run as it truly is: the native view, corrected by the entries that still apply to it (X3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from trackbridge.protocol import NativeMetric, NativeRun
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.runs import RunRecord, RunStatus
from trackbridge.records.values import ParamValue, canonical_json, encode_value, same_value
from trackbridge.sidecar.entries import (
    ArtifactEntry,
    AttributeEntry,
    DatasetEntry,
    Entry,
    ParamEntry,
    StatusEntry,
    TagEntry,
)
from trackbridge.sidecar.naming import native_text
from trackbridge.sidecar.summaries import merge_metrics

__all__ = ["Difference", "Merged", "merge_artifacts", "merge_run"]

_Named = TypeVar("_Named", ParamEntry, TagEntry, AttributeEntry, TagEntry | AttributeEntry, ArtifactEntry)

RUN_NAME: Final = "name"  # the attribute that is the run's own name


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """A native value that was changed past trackbridge, or removed; it is what the reader is given (X3)."""

    family: str
    name: str
    native: str


@dataclass(frozen=True, slots=True)
class Merged:
    """A run with its sidecar applied.

    `disputed` names params to which several writers gave values that look alike natively, so that no backend
    refused one: a fixed choice is made (P3).
    `run.metrics` has the metrics that are known in full. Those in `partial` need their series read: each comes with
    what is known without reading, its `last` parts where they are not None.
    """

    run: RunRecord
    differences: tuple[Difference, ...] = ()
    disputed: tuple[str, ...] = ()
    partial: Mapping[str, NativeMetric] = field(default_factory=dict)


def merge_run(native: NativeRun, entries: Iterable[Entry]) -> Merged:
    """Apply the entries of a run to its native view; the order of entries does not matter."""
    known = tuple(entries)
    differences: list[Difference] = []
    shown = dict(native.attributes)
    if native.name is not None:
        shown[RUN_NAME] = native.name
    attributes = _fold(shown, [entry for entry in known if isinstance(entry, AttributeEntry)], differences)
    tags = _fold(native.tags, [entry for entry in known if isinstance(entry, TagEntry)], differences)
    name = attributes.pop(RUN_NAME, None)
    status, ended_ms = _merge_status(native, [e for e in known if isinstance(e, StatusEntry)], differences)
    metrics, partial = merge_metrics(native.metrics, known)
    disputed: list[str] = []
    params = _merge_params(native.params, [e for e in known if isinstance(e, ParamEntry)], differences, disputed)
    run = RunRecord(
        id=native.id,
        name=None if name is None else str(name),
        experiment=native.experiment,
        status=status,
        started_ms=native.started_ms,
        ended_ms=ended_ms,
        parent=native.parent,
        params=params,
        tags={tag: str(value) for tag, value in tags.items()},
        metrics=metrics,
        datasets=_merge_datasets(native.datasets, [e.dataset for e in known if isinstance(e, DatasetEntry)]),
        attributes=attributes,
        native_id=native.native_id,
        urls=native.urls,
        deleted=native.deleted,
    )
    return Merged(run, tuple(sorted(differences)), tuple(sorted(disputed)), partial)


def merge_artifacts(artifacts: Iterable[ArtifactRecord], entries: Iterable[Entry]) -> list[ArtifactRecord]:
    """Give artifacts under their true paths, with their checksums where the native file still has the entry's size."""
    by_native = _by_native([entry for entry in entries if isinstance(entry, ArtifactEntry)])
    merged = []
    for artifact in artifacts:
        known = by_native.get(artifact.path)
        if not known:
            merged.append(artifact)
            continue
        path = known[0].name
        fitting = [
            entry
            for entry in known
            if artifact.size in (None, entry.size) and artifact.sha256 in (None, entry.sha256)
        ]  # fmt: skip
        if fitting:
            latest = max(fitting, key=lambda entry: entry.stamp)
            merged.append(ArtifactRecord(path, latest.size, latest.sha256))
        else:
            merged.append(ArtifactRecord(path, artifact.size, artifact.sha256))
    return sorted(merged, key=lambda artifact: artifact.path)


def _merge_params(
    native: Mapping[str, ParamValue],
    entries: list[ParamEntry],
    differences: list[Difference],
    disputed: list[str],
) -> dict[str, ParamValue]:
    by_native = _by_native(entries)
    merged = {}
    for shown_name, shown in native.items():
        known = by_native.get(shown_name)
        if not known:
            merged[shown_name] = shown
            continue
        fitting = [entry for entry in known if same_value(entry.native, shown)]
        if fitting:
            values = {canonical_json(encode_value(entry.value)): entry.value for entry in fitting}
            merged[known[0].name] = values[min(values)]
            if len(values) > 1:
                disputed.append(known[0].name)
        else:
            merged[known[0].name] = shown
            differences.append(Difference("param", known[0].name, native_text(shown)))
    return merged


def _fold(
    native: Mapping[str, ParamValue], entries: Sequence[TagEntry | AttributeEntry], differences: list[Difference]
) -> dict[str, ParamValue]:
    """Decide tags or attributes, None meaning absence on either side."""
    by_native = _by_native(entries)
    merged: dict[str, ParamValue] = {name: value for name, value in native.items() if name not in by_native}
    for shown_name, known in by_native.items():
        shown = native.get(shown_name)
        fitting = [entry for entry in known if same_value(entry.native, shown)]
        folds = any(entry.fold for entry in known)
        value = shown
        if fitting:
            # Without stamps natively, the last call to arrive is what is shown: the greatest stamp of all is meant.
            value = max(known if folds else fitting, key=lambda entry: entry.stamp).value
        elif folds:
            differences.append(Difference(known[0].kind, known[0].name, native_text(shown)))
        if value is not None:
            merged[known[0].name] = value
    return merged


def _merge_status(
    native: NativeRun, entries: list[StatusEntry], differences: list[Difference]
) -> tuple[RunStatus, int | None]:
    # Every run has been RUNNING without an entry. The end time follows the status: vendors round it, or keep an old one.
    if not entries:
        return native.status, native.ended_ms
    if native.status != "RUNNING" and native.status not in {entry.status for entry in entries}:
        differences.append(Difference("status", "status", native.status))
        return native.status, native.ended_ms
    latest = max(entries, key=lambda entry: entry.write.key)
    return latest.status, latest.ended_ms


def _merge_datasets(native: Iterable[DatasetRecord], full: list[DatasetRecord]) -> tuple[DatasetRecord, ...]:
    """Give all datasets once, in a fixed order; a native one that is but a poorer form of an entry's is left out."""
    merged = {dataset.key: dataset for dataset in sorted(full, key=_dataset_order)}
    for dataset in native:
        if not any(_is_poorer(dataset, other) for other in full):
            merged.setdefault(dataset.key, dataset)
    return tuple(sorted(merged.values(), key=_dataset_order))


def _dataset_order(dataset: DatasetRecord) -> tuple[object, ...]:
    return (*dataset.key, dataset.schema or "", -1 if dataset.rows is None else dataset.rows)


def _is_poorer(native: DatasetRecord, full: DatasetRecord) -> bool:
    """Tell whether every text of `native` is the one of `full`, cut or left out."""
    for name, value in native.as_json().items():
        true = getattr(full, name)
        if true is None or (value != true if name in ("name", "rows") else not true.startswith(value)):
            return False
    return True


def _by_native(entries: Sequence[_Named]) -> dict[str, list[_Named]]:
    groups: dict[str, list[_Named]] = {}
    for entry in entries:
        groups.setdefault(entry.native_name, []).append(entry)
    return groups
