"""Proves that the runs of one store are also in another, with what does not agree (C1, C2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from trackbridge.errors import NotFound
from trackbridge.migration.differences import Difference, form_differences, point_differences
from trackbridge.records.runs import RunRecord
from trackbridge.store import Store

__all__ = ["Mismatch", "Verification", "verify"]

Progress: TypeAlias = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A run of the source without its equal in the target.

    `counterpart` is the run it was compared with: the one of that id, or with content alone the one most likely meant;
    None where there is none, and then `differences` is empty.
    """

    run: str
    name: str | None
    experiment: str
    counterpart: str | None
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: `runs` were in the source, `equal` of them are in the target as well."""

    runs: int
    equal: int
    mismatches: tuple[Mismatch, ...]

    @property
    def holds(self) -> bool:
        """Whether the source is contained in the target."""
        return not self.mismatches


def verify(source: Store, target: Store, *, content: bool = False, progress: Progress | None = None) -> Verification:
    """Check that source ⊆ target.

    Args:
        source: The runs that must all be found.
        target: Where; it may hold more.
        content: Pair runs by equal content (C2), each run of the target serving once, instead of by id (C1).
        progress: Called before each run with how many were looked at, and its id.
    """
    return (_by_content if content else _by_id)(source, target, progress or (lambda *_: None))


def _by_id(source: Store, target: Store, progress: Progress) -> Verification:
    runs, mismatches = 0, []
    for run in source.runs.search():
        progress(runs, run.id)
        runs += 1
        try:
            target.runs.get(run.id)
        except NotFound:
            mismatches.append(Mismatch(run.id, run.name, run.experiment, None))
            continue
        if source.runs.digest(run.id) != target.runs.digest(run.id):
            mismatches.append(_mismatch(source, target, run, run.id, content=False))
    return Verification(runs, runs - len(mismatches), tuple(mismatches))


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
            mismatches.append(_mismatch(source, target, run, likely.id, content=True))
    return Verification(runs, runs - len(unpaired), tuple(mismatches))


def _light(run: RunRecord) -> RunRecord:
    """Keep what `_likely` asks, so that a store of any size fits in memory."""
    return replace(run, params={}, tags={}, metrics={}, datasets=(), attributes={})


def _likely(run: RunRecord, candidates: list[RunRecord]) -> RunRecord | None:
    """Find the run that was probably meant: of the same id, else of the same experiment and name."""
    alike = [one for one in candidates if one.id == run.id]
    alike += [one for one in candidates if (one.experiment, one.name) == (run.experiment, run.name)]
    return alike[0] if alike else None


def _mismatch(source: Store, target: Store, run: RunRecord, counterpart: str, *, content: bool) -> Mismatch:
    forms = source.runs.canonical(run.id, content=content), target.runs.canonical(counterpart, content=content)
    found: list[Difference] = []
    for difference in form_differences(*forms):
        found.append(difference)
        metric = difference.what.removeprefix("metrics.")
        if metric != difference.what and difference.source and difference.target:
            found += _steps(source, target, (run.id, counterpart), metric, timed=not content)
    return Mismatch(run.id, run.name, run.experiment, counterpart, tuple(found))


def _steps(source: Store, target: Store, runs: tuple[str, str], metric: str, *, timed: bool) -> Iterator[Difference]:
    series = source.metrics.read(runs[0], [metric]), target.metrics.read(runs[1], [metric])
    for difference in point_differences(*series, timed=timed):
        yield replace(difference, what=f"metrics.{metric}, {difference.what}")
