"""Runs in memory (R1–R9, P3, T1, D1)."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from trackbridge.adapters.memory.state import MemoryState, RunState
from trackbridge.adapters.refusals import other_param, spent_run
from trackbridge.protocol import NativeRun, Opened, Refused, Scan, Scope
from trackbridge.records.metrics import MetricPoint, summarize
from trackbridge.records.values import ParamValue, same_value
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, TagWrite

__all__ = ["MemoryRuns"]

_Write = TypeVar("_Write", TagWrite, AttributeWrite)


class MemoryRuns:
    """See `trackbridge.protocol.RunStore`."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def create(self, header: RunHeader, *, name: str | None = None) -> Opened:
        """Create the run if absent."""
        with self._state.held() as state:
            if header.id in state.purged:
                raise spent_run(header.id, "purged")
            if header.id not in state.runs:
                state.experiment(header.experiment)
                state.runs[header.id] = RunState(header, name)
                return Opened(header.id, (), created=True)
            if state.runs[header.id].deleted:
                raise spent_run(header.id, "deleted")
            return Opened(header.id, (), created=False)

    def claim_epoch(self, run_id: str, epoch: int) -> bool:
        """Claim an owner epoch if nobody has."""
        with self._state.held() as state:
            run = state.run(run_id)
            if epoch in run.epochs:
                return False
            run.epochs.add(epoch)
            return True

    def write(self, run_id: str, writes: RunWrites) -> tuple[Refused, ...]:
        """Apply a batch; give the params that have another value already."""
        with self._state.held() as state:
            run = state.run(run_id)
            refused = _write_params(run, writes.params)
            _keep_greatest(run.tags, writes.tags)
            _keep_greatest(run.attributes, writes.attributes)
            for dataset in writes.datasets:
                run.datasets.setdefault(dataset.key, dataset)
            if writes.status and (run.status is None or writes.status.key > run.status.key):
                run.status = writes.status
            return refused

    def get(self, run_ids: Sequence[str]) -> dict[str, NativeRun]:
        """Give the runs of these ids, deleted ones too."""
        with self._state.held() as state:
            return {run_id: _native(state, run_id) for run_id in run_ids if run_id in state.runs}

    def scan(self, scan: Scan) -> Iterator[NativeRun]:
        """Go through the runs that exist now, latest start first; filter and order are left to the core."""
        with self._state.held() as state:
            headers = sorted((run.header for run in state.runs.values()), key=lambda h: (-h.started_ms, h.id))
        for header in headers:
            if scan.experiments is not None and header.experiment not in scan.experiments:
                continue
            run = self.get([header.id]).get(header.id)
            if run and run.deleted == (scan.deleted == "only"):
                yield run

    def set_deleted(self, run_id: str, *, deleted: bool) -> None:
        """Delete or restore."""
        with self._state.held() as state:
            state.run(run_id).deleted = deleted

    def purge(self, run_id: str) -> None:
        """Remove the run and all it has; its id stays spent."""
        with self._state.held() as state:
            if run_id not in state.purged:
                state.run(run_id)
                del state.runs[run_id]
                state.objects.pop(Scope("run", run_id), None)
                state.purged.add(run_id)


def _write_params(run: RunState, params: Mapping[str, ParamValue]) -> tuple[Refused, ...]:
    refused = []
    for name, value in params.items():
        held = run.params.setdefault(name, copy.deepcopy(value))
        if not same_value(held, value):
            refused.append(other_param(name, held, value))
    return tuple(refused)


def _keep_greatest(held: dict[str, _Write], writes: Sequence[_Write]) -> None:
    for write in writes:
        if write.name not in held or write.stamp > held[write.name].stamp:
            held[write.name] = copy.deepcopy(write)


def _native(state: MemoryState, run_id: str) -> NativeRun:
    run = state.runs[run_id]
    status = run.status
    attributes = {name: copy.deepcopy(write.value) for name, write in run.attributes.items() if write.value is not None}
    name = attributes.pop("name", None) if "name" in run.attributes else run.first_name
    objects = state.objects.get(Scope("run", run_id), {})
    return NativeRun(
        id=run_id,
        native_id=run_id,
        experiment=run.header.experiment,
        name=None if name is None else str(name),
        status=status.status if status else "RUNNING",
        started_ms=run.header.started_ms,
        ended_ms=status.ended_ms if status else None,
        parent=run.header.parent,
        epoch=max({0, status.epoch if status else 0, *run.epochs}),
        params=copy.deepcopy(run.params),
        tags={name: write.value for name, write in run.tags.items() if write.value is not None},
        metrics={
            name: summary
            for name, points in run.series.items()
            if (summary := summarize(MetricPoint(name, *key[:2], value) for key, value in points.items()))
        },
        datasets=tuple(dataset for _, dataset in sorted(run.datasets.items())),
        attributes=attributes,
        deleted=run.deleted,
        sidecar={name: data for name, data in sorted(objects.items()) if name.startswith("sidecar/")},
    )
