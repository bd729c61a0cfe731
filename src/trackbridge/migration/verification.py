"""Proves that the runs and models of one store are also in another, with what does not agree (C1–C3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from trackbridge.migration.comparing import compare_run
from trackbridge.migration.differences import Difference, form_differences, point_differences
from trackbridge.migration.experiments import compare_experiments
from trackbridge.migration.forms import read_form
from trackbridge.migration.models import compare_models, find_models
from trackbridge.migration.sides import Side
from trackbridge.protocol import Scan
from trackbridge.records.runs import RunRecord
from trackbridge.store import Store

__all__ = ["Mismatch", "Verification", "verify"]

Progress: TypeAlias = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A run, a model or an experiment of the source without its equal in the target.

    `run` is the run's id, or the name where `kind` is "model" or "experiment". `counterpart` is the one that it was compared
    with: of that id or name, or with content alone the one most likely meant; None where there is none, and then
    `differences` is empty.
    """

    run: str
    name: str | None
    experiment: str
    counterpart: str | None
    differences: tuple[Difference, ...] = ()
    kind: str = "run"


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: `runs` and `models` were in the source, `equal` of them together are in the target as well."""

    runs: int
    equal: int
    mismatches: tuple[Mismatch, ...]
    models: int = 0

    @property
    def holds(self) -> bool:
        """Whether the source is contained in the target."""
        return not self.mismatches


def verify(
    source: Store, target: Store, *, content: bool = False, models: bool = True, progress: Progress | None = None
) -> Verification:
    """Check that source ⊆ target. Points and the bytes of artifacts are read from the target, not believed.

    Args:
        source: The runs that must all be found.
        target: Where; it may hold more.
        content: Pair runs by equal content (C2), each run of the target serving once, instead of by id (C1); models,
            which are made of runs' ids, are left out.
        models: Check the models as well: versions, stages, aliases and the trail (C3); and that the experiments'
            descriptions and tags are there.
        progress: Called before each run and model with how many were looked at, and its id.
    """
    tell = progress or (lambda *_: None)
    if content:
        return _by_content(source, target, tell)
    left, right = Side.of(source), Side.of(target)
    found = _by_id(left, right, tell)
    return _with_models(left, right, found, tell) if models else found


def _by_id(source: Side, target: Side, progress: Progress) -> Verification:
    runs, mismatches = 0, []
    for native in source.adapter.runs.scan(Scan()):
        progress(runs, native.id)
        runs += 1
        reading = source.reader.read(native)
        run = reading.merged.run
        counterpart = target.look(run.id)
        if counterpart is None or counterpart.deleted:
            mismatches.append(Mismatch(run.id, run.name, run.experiment, None))
        elif differences := compare_run(source, target, reading, read_form(source, reading)):
            mismatches.append(Mismatch(run.id, run.name, run.experiment, run.id, differences))
    return Verification(runs, runs - len(mismatches), tuple(mismatches))


def _with_models(source: Side, target: Side, found: Verification, progress: Progress) -> Verification:
    models, mismatches = 0, []
    for name in find_models(source):
        progress(found.runs + models, name)
        models += 1
        there = target.adapter.registry.get_model(name)
        if there is None or there.deleted:
            mismatches.append(Mismatch(name, name, "", None, kind="model"))
        elif differences := compare_models(source, target, name):
            mismatches.append(Mismatch(name, name, "", name, differences, kind="model"))
    equal = found.equal + models - len(mismatches)
    for experiment in source.adapter.experiments.list():
        if differences := compare_experiments(source, target, experiment.name):
            missing = target.adapter.experiments.get(experiment.name) is None
            counterpart, shown = (None, ()) if missing else (experiment.name, differences)
            mismatches.append(Mismatch(experiment.name, experiment.name, "", counterpart, shown, "experiment"))
    return Verification(found.runs, equal, (*found.mismatches, *mismatches), models)


def _by_content(source: Store, target: Store, progress: Progress) -> Verification:
    free: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for seen, run in enumerate(target.runs.search()):
        progress(seen, run.id)
        free[target.runs.digest(run.id, content=True)].append(_light(run))
    runs, unpaired = 0, []
    for run in source.runs.search():
        progress(runs, run.id)
        runs += 1
        equals = free[source.runs.digest(run.id, content=True)]
        if equals:
            equals.pop()
        else:
            unpaired.append(_light(run))
    left_over = [run for equals in free.values() for run in equals]
    mismatches = []
    for run in unpaired:
        likely = _likely(run, left_over)
        if likely is None:
            mismatches.append(Mismatch(run.id, run.name, run.experiment, None))
        else:
            left_over.remove(likely)
            mismatches.append(_content_mismatch(source, target, run, likely.id))
    return Verification(runs, runs - len(unpaired), tuple(mismatches))


def _light(run: RunRecord) -> RunRecord:
    """Keep what `_likely` asks, so that a store of any size fits in memory."""
    return replace(run, params={}, tags={}, metrics={}, datasets=(), attributes={})


def _likely(run: RunRecord, candidates: list[RunRecord]) -> RunRecord | None:
    """Find the run that was probably meant: of the same id, else of the same experiment and name."""
    alike = [one for one in candidates if one.id == run.id]
    alike += [one for one in candidates if (one.experiment, one.name) == (run.experiment, run.name)]
    return alike[0] if alike else None


def _content_mismatch(source: Store, target: Store, run: RunRecord, counterpart: str) -> Mismatch:
    forms = source.runs.canonical(run.id, content=True), target.runs.canonical(counterpart, content=True)
    found: list[Difference] = []
    for difference in form_differences(*forms):
        found.append(difference)
        metric = difference.what.removeprefix("metrics.")
        if metric != difference.what and difference.source and difference.target:
            found += _steps(source, target, (run.id, counterpart), metric)
    return Mismatch(run.id, run.name, run.experiment, counterpart, tuple(found))


def _steps(source: Store, target: Store, runs: tuple[str, str], metric: str) -> Iterator[Difference]:
    series = source.metrics.read(runs[0], [metric]), target.metrics.read(runs[1], [metric])
    for difference in point_differences(*series, timed=False):
        yield replace(difference, what=f"metrics.{metric}, {difference.what}")
