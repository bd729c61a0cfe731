"""Runs in an archive (R1–R9, P3, T1, D1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from trackbridge.adapters.archive.ahead import ahead
from trackbridge.adapters.archive.archive import Archive
from trackbridge.adapters.archive.objects import object_names
from trackbridge.adapters.archive.places import experiment_folder, purged_file, run_folder
from trackbridge.adapters.archive.runlogs import RunLogs
from trackbridge.adapters.archive.runstate import RunState, writes_commit
from trackbridge.adapters.refusals import no_experiment, no_run, other_param, spent_run
from trackbridge.protocol import NativeRun, Opened, Refused, Scan
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.runs import ENDED
from trackbridge.records.values import ParamValue, same_value
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, TagWrite

__all__ = ["ArchiveRuns"]

_Write = TypeVar("_Write", TagWrite, AttributeWrite)
_Decision = tuple[dict[str, Any] | None, Any]

_FEW_COMMITS: Final = 8  # a run that was loaded whole has no more, and its tables are made when it is left


class ArchiveRuns:
    """See `trackbridge.protocol.RunStore`."""

    def __init__(self, archive: Archive, logs: RunLogs) -> None:
        self._archive = archive
        self._logs = logs
        self._experiments: dict[str, str] = {}  # of each run that was read: it never changes, and spares reading again

    def create(self, header: RunHeader, *, name: str | None = None) -> Opened:
        """Create the run if absent."""
        vault = self._archive.begin()

        def decide(state: RunState) -> _Decision:
            if state.deleted:
                raise spent_run(header.id, "deleted")
            if state.header is not None:
                return None, Opened(header.id, (), created=False)
            if vault.exists(purged_file(header.id)):
                raise spent_run(header.id, "purged")
            if not vault.names(f"{experiment_folder(header.experiment)}/log"):
                raise no_experiment(header.experiment)
            born = {
                "id": header.id,
                "experiment": header.experiment,
                "started_ms": header.started_ms,
                "parent": header.parent,
                "name": name,
            }
            return {"run": born}, Opened(header.id, (), created=True)

        opened: Opened = self._logs.append(run_folder(header.id), decide)
        return opened

    def claim_epoch(self, run_id: str, epoch: int) -> bool:
        """Claim an owner epoch if nobody has."""

        def decide(state: RunState) -> _Decision:
            return ({"epoch": epoch}, True) if epoch not in state.epochs else (None, False)

        return bool(self._logs.change(run_id, decide))

    def write(self, run_id: str, writes: RunWrites) -> tuple[Refused, ...]:
        """Apply a batch: only what wins is committed. Give the params that have another value already."""

        def decide(state: RunState) -> _Decision:
            won, refused = _winning(state, writes)
            return writes_commit(won) or None, refused

        refused: tuple[Refused, ...] = self._logs.change(run_id, decide)
        if writes.status and writes.status.status in ENDED:
            self._end(run_id)
        return refused

    def get(self, run_ids: Sequence[str]) -> dict[str, NativeRun]:
        """Give the runs of these ids, deleted ones too."""
        found = {run_id: self._native(run_id) for run_id in run_ids}
        return {run_id: native for run_id, native in found.items() if native}

    def scan(self, scan: Scan) -> Iterator[NativeRun]:
        """Go through the runs that exist now, by id; filter and order are left to the core."""
        vault, wanted = self._archive.vault, scan.experiments
        ids = (
            run_id
            for run_id in vault.folders("runs")
            if wanted is None or self._experiments.get(run_id, wanted[0] if wanted else "") in wanted
        )
        for native in ahead(self._native, ids, vault.readers):
            if native is None or native.deleted != (scan.deleted == "only"):
                continue
            if wanted is None or native.experiment in wanted:
                yield native

    def set_deleted(self, run_id: str, *, deleted: bool) -> None:
        """Delete or restore."""

        def decide(state: RunState) -> _Decision:
            return ({"deleted": deleted} if state.deleted != deleted else None), None

        self._logs.change(run_id, decide)

    def purge(self, run_id: str) -> None:
        """Remove the run and all it has; its id stays spent."""
        vault = self._archive.vault
        if not vault.exists(purged_file(run_id)):
            if self._native(run_id) is None:
                raise no_run(run_id)
            vault.create(purged_file(run_id), b"")
        vault.remove_folder(run_folder(run_id))
        self._logs.forget(run_folder(run_id))

    def _end(self, run_id: str) -> None:
        log = self._logs.of(run_folder(run_id))
        with log.lock:
            if log.dirty and (log.state.loose or log.loose > _FEW_COMMITS):
                self._logs.fold(log)

    def _native(self, run_id: str) -> NativeRun | None:
        log = self._logs.of(run_folder(run_id))
        with log.lock:
            state = log.refresh()
            if state.header is None:
                return None
            self._experiments[run_id] = state.header.experiment
            summaries = self._logs.summaries(log)
            sidecar = object_names(self._archive.vault, run_folder(run_id), "sidecar")
            return _native(state, state.header, summaries, sidecar)


def _winning(state: RunState, writes: RunWrites) -> tuple[RunWrites, tuple[Refused, ...]]:
    """Give the part of a batch that changes the run, and what is refused."""
    held = state.params
    refused = [
        other_param(name, held[name], value)
        for name, value in writes.params.items()
        if name in held and not same_value(held[name], value)
    ]
    status = writes.status
    if status and state.status and status.key <= state.status.key:
        status = None
    won = RunWrites(
        {name: value for name, value in writes.params.items() if name not in held},
        _greatest(state.tags, writes.tags),
        _greatest(state.attributes, writes.attributes),
        tuple({one.key: one for one in writes.datasets if one.key not in state.datasets}.values()),
        status,
    )
    return won, tuple(refused)


def _greatest(held: Mapping[str, _Write], writes: Sequence[_Write]) -> tuple[_Write, ...]:
    best: dict[str, _Write] = {}
    for write in writes:
        before = best.get(write.name) or held.get(write.name)
        if before is None or write.stamp > before.stamp:
            best[write.name] = write
    return tuple(best.values())


def _native(
    state: RunState, header: RunHeader, summaries: Mapping[str, MetricSummary], sidecar: Sequence[str]
) -> NativeRun:
    status = state.status
    attributes: dict[str, ParamValue] = {
        name: write.value for name, write in state.attributes.items() if write.value is not None
    }
    name = attributes.pop("name", None) if "name" in state.attributes else state.first_name
    return NativeRun(
        id=header.id,
        native_id=header.id,
        experiment=header.experiment,
        name=None if name is None else str(name),
        status=status.status if status else "RUNNING",
        started_ms=header.started_ms,
        ended_ms=status.ended_ms if status else None,
        parent=header.parent,
        epoch=max({0, status.epoch if status else 0, *state.epochs}),
        params=dict(state.params),
        tags={name: write.value for name, write in state.tags.items() if write.value is not None},
        metrics=dict(summaries),
        datasets=tuple(dataset for _, dataset in sorted(state.datasets.items())),
        attributes=attributes,
        deleted=state.deleted,
        sidecar=dict.fromkeys(sidecar),
    )
