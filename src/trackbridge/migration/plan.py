"""What a migration would do, found out without writing anything."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from trackbridge.migration.marks import marked, native_seen
from trackbridge.migration.parcel import Stamps, small_records
from trackbridge.migration.selection import RunRef, Selection, choose_models, choose_runs, levels, runs_of_models
from trackbridge.migration.sides import Side
from trackbridge.protocol import NativeMetric, surplus_of
from trackbridge.protocol.limits import SPECIAL_VALUES
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.runs import RunRecord
from trackbridge.shipping.batches import write_chunks
from trackbridge.sidecar import native_name, native_path, split_writes
from trackbridge.store.reading import Reading

__all__ = ["Plan", "make_plan"]

_CALLS_PER_RUN: Final = 20  # what a small run costs on both sides, with everything read back
_POINTS_PER_S: Final = 20_000
_BYTES_PER_S: Final = 20_000_000


@dataclass(slots=True)
class Plan:
    """The survey of what was selected.

    Attributes:
        runs: How many runs.
        done: How many of them are complete in the target, as their marks say.
        levels: How deep they nest.
        experiments: How many experiments they are in.
        models: How many models.
        versions: How many versions these have.
        params: How many params, and so on.
        points: Points, as far as the source counts them; `uncounted` series it does not.
        artifacts: How many files; `bytes` is the sum of the sizes that the source knows.
        beside: What the target's own fields cannot hold, and trackbridge keeps beside them (X3), by family.
        travels: What travels as artifacts, by declared name.
        stays: What stays behind, likewise.
        seconds: A rough estimate of how long it takes.
    """

    runs: int = 0
    done: int = 0
    levels: int = 0
    experiments: int = 0
    models: int = 0
    versions: int = 0
    params: int = 0
    tags: int = 0
    datasets: int = 0
    metrics: int = 0
    points: int = 0
    uncounted: int = 0
    artifacts: int = 0
    bytes: int = 0
    beside: Counter[str] = field(default_factory=Counter)
    travels: dict[str, str] = field(default_factory=dict)
    stays: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


def make_plan(source: Side, target: Side, selection: Selection, *, workers: int) -> Iterator[Plan]:
    """Survey the source run by run; gives the plan after each, so that progress can be shown, and at the end.

    Args:
        source: Where things are.
        target: Where they would go; only looked at.
        selection: What is asked for.
        workers: How many would carry runs at once.
    """
    models = choose_models(source, selection)
    runs = {run.id: run for run in (*choose_runs(source, selection), *runs_of_models(source, models))}
    plan = Plan(runs=len(runs), models=len(models), levels=len(levels(runs.values())))
    plan.experiments = len({run.experiment for run in runs.values()})
    if surplus := surplus_of(source.adapter):
        plan.travels, plan.stays = dict(surplus.travels), dict(surplus.stays)
    begin, calls = time.monotonic(), 0
    for run in runs.values():
        _survey(plan, source, target, run)
        calls += 3
        yield plan
    known = {model.name for model in source.adapter.registry.list_models()}
    plan.versions = sum(1 for name in models if name in known for _ in source.adapter.registry.versions(name))
    call_s = (time.monotonic() - begin) / calls if calls else 0.0
    work_s = (plan.runs - plan.done) * _CALLS_PER_RUN * call_s
    plan.seconds = (work_s + plan.points / _POINTS_PER_S + plan.bytes / _BYTES_PER_S) / max(1, min(workers, 4))
    yield plan


def _survey(plan: Plan, source: Side, target: Side, ref: RunRef) -> None:
    reading, there = source.find(ref.id), target.look(ref.id)
    mark = None if there is None else marked(there, target.backend.limits)
    plan.done += mark is not None and mark.native == native_seen(reading.native)
    run = reading.merged.run
    plan.params += len(run.params)
    plan.tags += len(run.tags)
    plan.datasets += len(run.datasets)
    summaries = _summaries(reading)
    plan.metrics += len(summaries)
    for summary in summaries.values():
        plan.points += summary.count or 0
        plan.uncounted += summary.count is None
    files = source.files.listed(reading)
    plan.artifacts += len(files)
    plan.bytes += sum(file.size or 0 for file in files)
    _note_beside(plan, target, reading, run)
    limits = target.backend.limits
    plan.beside["artifact paths"] += sum(native_path(f.path, limits.artifact_path) != f.path for f in files)


def _note_beside(plan: Plan, target: Side, reading: Reading, run: RunRecord) -> None:
    limits = target.backend.limits
    for chunk in write_chunks(small_records(run, Stamps(), lambda *_: True), limits):
        native, _ = split_writes(chunk, limits)
        plan.beside["params"] += sum(
            native.params.get(name) is not value and native.params.get(name) != value
            for name, value in chunk.params.items()
        )
        plan.beside["tags"] += sum(
            one.name != other.name or one.value != other.value
            for one, other in zip(native.tags, chunk.tags, strict=True)
        )
    if not limits.datasets:
        plan.beside["data sets"] += len(run.datasets)
    for name, summary in _summaries(reading).items():
        plan.beside["names of metrics"] += native_name(name, limits.metric_name) != name
        plan.beside["metrics with values such as Inf or NaN"] += _is_special(summary) and not (
            limits.special_values >= SPECIAL_VALUES
        )


def _summaries(reading: Reading) -> dict[str, MetricSummary | NativeMetric]:
    return {**reading.merged.partial, **reading.merged.run.metrics}


def _is_special(summary: MetricSummary | NativeMetric) -> bool:
    values = [value for value in (summary.last, summary.min, summary.max) if value is not None]
    return any(value - value != 0 for value in values)  # Inf − Inf and NaN − NaN are NaN
