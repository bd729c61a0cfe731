"""Containers of a dump as runs: models and their versions too, for they hold values, series and files alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NoReturn

from trackbridge.protocol import NativeMetric, NativeRun, Opened, Refused, Scan
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.ids import foreign_run_id
from trackbridge.records.runs import RunStatus
from trackbridge.records.times import MAX_TIME_MS
from trackbridge.records.values import ParamValue
from trackbridge.records.writes import RunHeader, RunWrites
from trackbridge_neptune.attributes import Attributes, read_attributes, system_ms, system_text
from trackbridge_neptune.dump import Container, Dump
from trackbridge_neptune.refusing import read_only
from trackbridge_neptune.series import METRICS, metric_names, step_multiplier

__all__ = ["DumpExperiments", "DumpRuns", "Reading"]

_OPEN: Final = 64
_EXPERIMENTS: Final = {"run": "", "model": "/models", "version": "/model_versions"}
_DONE: Final = frozenset({"inactive", "idle"})


class Reading:
    """The attributes of the containers of a dump, those looked at last kept."""

    def __init__(self, dump: Dump) -> None:
        self.dump = dump
        self.attributes = lru_cache(maxsize=_OPEN)(read_attributes)
        self.multiplier = lru_cache(maxsize=_OPEN)(step_multiplier)

    def container(self, run_id: str) -> Container | None:
        """Give the container that has this id as a run."""
        return self.dump.load().containers.get(run_id)

    def containers(self) -> list[Container]:
        """Give all, by their id as a run."""
        return [one for _, one in sorted(self.dump.load().containers.items())]

    def started_ms(self, container: Container) -> int:
        """Give when a container was made; 0 where the dump does not say."""
        return system_ms(self.attributes(container), "sys/creation_time") or 0


class DumpExperiments:
    """See `trackbridge.protocol.ExperimentStore`: one a project, and two more for its models and their versions."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def ensure(self, name: str) -> NoReturn:
        """Refuse."""
        raise read_only(self._reading.dump.root, "experiments")

    def get(self, name: str) -> ExperimentRecord | None:
        """Give an experiment."""
        return next((one for one in self.list() if one.name == name), None)

    def list(self) -> Iterator[ExperimentRecord]:
        """Give all, by name."""
        return iter(
            [ExperimentRecord(name) for name in sorted({_experiment(one) for one in self._reading.containers()})]
        )

    def edit(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> NoReturn:
        """Refuse."""
        raise read_only(self._reading.dump.root, "experiments")

    def delete(self, name: str) -> NoReturn:
        """Refuse."""
        raise read_only(self._reading.dump.root, "experiments")


class DumpRuns:
    """See `trackbridge.protocol.RunStore`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def create(self, header: RunHeader, *, name: str | None = None) -> Opened:
        """Refuse."""
        raise read_only(self._reading.dump.root, "runs")

    def claim_epoch(self, run_id: str, epoch: int) -> bool:
        """Refuse."""
        raise read_only(self._reading.dump.root, "runs")

    def write(self, run_id: str, writes: RunWrites) -> tuple[Refused, ...]:
        """Refuse."""
        raise read_only(self._reading.dump.root, "runs")

    def get(self, run_ids: Sequence[str]) -> dict[str, NativeRun]:
        """Give the runs of these ids."""
        found = {run_id: self._reading.container(run_id) for run_id in run_ids}
        return {run_id: self._native(one) for run_id, one in found.items() if one}

    def scan(self, scan: Scan) -> Iterator[NativeRun]:
        """Go through all, by id; nothing in a dump is deleted."""
        for container in self._reading.containers() if scan.deleted == "exclude" else ():
            if scan.experiments is None or _experiment(container) in scan.experiments:
                yield self._native(container)

    def set_deleted(self, run_id: str, *, deleted: bool) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "runs")

    def purge(self, run_id: str) -> None:
        """Refuse."""
        raise read_only(self._reading.dump.root, "purge")

    def _native(self, container: Container) -> NativeRun:
        attributes = self._reading.attributes(container)
        started_ms = self._reading.started_ms(container)
        parent = self._parent(container, attributes)
        kept = {f"neptune.{name}": value for name, value in attributes.system.items()}
        if notes := system_text(attributes, "sys/description"):
            kept["notes"] = notes
        if (multiplier := self._reading.multiplier(container)) != 1:
            kept["neptune.step_multiplier"] = multiplier
        metrics = metric_names(attributes.series.get(METRICS, []))
        return NativeRun(
            id=container.run_id,
            native_id=container.native_id,
            experiment=_experiment(container),
            name=system_text(attributes, "sys/name") or container.name,
            status=_status(attributes),
            started_ms=started_ms,
            ended_ms=_ended_ms(attributes, started_ms),
            parent=parent,
            params=attributes.params,
            tags=attributes.tags,
            metrics=dict.fromkeys(metrics, NativeMetric()),
            attributes={name: value for name, value in kept.items() if value is not None},
        )

    def _parent(self, container: Container, attributes: Attributes) -> str | None:
        """Give the run that this one was forked from, where the dump has it; the attribute tells it in any case."""
        named = system_text(attributes, "sys/forking/parent")
        parent = foreign_run_id(named, account=container.project) if named else None
        return parent if parent and parent != container.run_id and self._reading.container(parent) else None


def _experiment(container: Container) -> str:
    return f"{container.project}{_EXPERIMENTS[container.kind]}"


def _status(attributes: Attributes) -> RunStatus:
    """Give FAILED where Neptune says so; KILLED for one that never ended, as nothing runs any more (R4)."""
    if attributes.system.get("sys/failed") is True:
        return "FAILED"
    state: ParamValue = attributes.system.get("sys/state")
    return "KILLED" if isinstance(state, str) and state.lower() not in _DONE else "FINISHED"


def _ended_ms(attributes: Attributes, started_ms: int) -> int:
    """Give when a run ended: its start and how long it ran, else when it was last changed, else its start."""
    lasted = attributes.system.get("sys/running_time")
    if isinstance(lasted, int | float) and 0 <= lasted < MAX_TIME_MS / 1000:
        return min(started_ms + round(lasted * 1000), MAX_TIME_MS)
    changed = system_ms(attributes, "sys/modification_time")
    return changed if changed is not None and changed >= started_ms else started_ms
