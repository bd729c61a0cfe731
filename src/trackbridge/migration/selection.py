"""What a migration moves: which runs, parents before children, and which models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trackbridge.migration.models import find_models
from trackbridge.migration.sides import Side
from trackbridge.protocol import NativeRun, Scan
from trackbridge.store.search import make_query, search

__all__ = ["RunRef", "Selection", "choose_models", "choose_runs", "levels", "runs_of_models"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for; by default all that is not deleted.

    Attributes:
        experiments: Only the runs of these.
        where: Only the runs that this search finds.
        models: Only these models, and the runs that they come from; an empty tuple is none. None is all of them
            where no run is left out, else none.
        since_ms: Only runs that began or ended since then, or have not ended.
        deleted: Deleted runs as well.
    """

    experiments: tuple[str, ...] | None = None
    where: str | None = None
    models: tuple[str, ...] | None = None
    since_ms: int | None = None
    deleted: bool = False

    @property
    def all_runs(self) -> bool:
        """Whether no run that is not deleted is left out."""
        return self.experiments is None and self.where is None and self.since_ms is None

    def words(self) -> list[str]:
        """Say what was left out, a phrase each; nothing for a whole backend."""
        said = []
        if self.experiments is not None:
            said.append(f"only experiments {', '.join(map(repr, self.experiments))}")
        if self.where is not None:
            said.append(f"only runs where {self.where}")
        if self.since_ms is not None:
            from trackbridge.records.times import iso

            said.append(f"only runs that were active since {iso(self.since_ms)}")
        if self.models is not None:
            said.append(f"only models {', '.join(map(repr, self.models))}" if self.models else "no models")
        elif not (self.experiments is None and self.where is None):
            said.append("no models")
        return said


@dataclass(frozen=True, slots=True)
class RunRef:
    """A run that is to be moved."""

    id: str
    experiment: str
    parent: str | None
    deleted: bool = False


def choose_runs(source: Side, selection: Selection) -> Iterator[RunRef]:
    """Give the runs that were asked for, each once, without those that only a model asks for."""
    for native in _alive(source, selection):
        if _is_recent(native, selection.since_ms):
            yield _ref(native)
    if selection.deleted and selection.where is None:
        for native in source.adapter.runs.scan(Scan(experiments=selection.experiments, deleted="only")):
            if _is_recent(native, selection.since_ms):
                yield _ref(native)


def choose_models(source: Side, selection: Selection) -> list[str]:
    """Give the models that were asked for; one that does not exist is given too, and fails by name."""
    if selection.models is not None:
        return list(dict.fromkeys(selection.models))
    return find_models(source) if selection.experiments is None and selection.where is None else []


def runs_of_models(source: Side, models: Iterable[str]) -> Iterator[RunRef]:
    """Give the runs that the versions of these models come from."""
    known = {model.name for model in source.adapter.registry.list_models()}
    for name in models:
        if name in known:
            ids = {version.spec.run_id for version in source.adapter.registry.versions(name) if version.spec.run_id}
            for run_id in sorted(ids):
                native = source.look(run_id)
                if native is not None:
                    yield _ref(native)


def levels(runs: Iterable[RunRef]) -> list[list[RunRef]]:
    """Sort runs into levels: of each the parent, where it is among them, stands in the level before."""
    by_id = {run.id: run for run in runs}
    depths: dict[str, int] = {}
    for run in by_id.values():
        path: list[str] = []
        at: RunRef | None = run
        while at is not None and at.id not in depths and at.id not in path:
            path.append(at.id)
            at = by_id.get(at.parent or "")
        depth = depths.get(at.id, -1) + 1 if at is not None else 0
        for run_id in reversed(path):
            depths[run_id] = depth
            depth += 1
    sorted_in: list[list[RunRef]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for run_id, depth in depths.items():
        sorted_in[depth].append(by_id[run_id])
    return sorted_in


def _alive(source: Side, selection: Selection) -> Iterator[NativeRun]:
    if selection.where is None:
        return source.adapter.runs.scan(Scan(experiments=selection.experiments))
    query = make_query(selection.where, selection.experiments, ["started asc"], None)
    return (reading.native for reading in search(source.reader, query))


def _is_recent(native: NativeRun, since_ms: int | None) -> bool:
    return (
        since_ms is None
        or native.status == "RUNNING"
        or native.started_ms >= since_ms
        or (native.ended_ms is not None and native.ended_ms >= since_ms)
    )


def _ref(native: NativeRun) -> RunRef:
    return RunRef(native.id, native.experiment, native.parent, native.deleted)
