"""The series that a report draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from trackbridge.gates.checks import Bound, Regression
from trackbridge.gates.evaluation import Judgement
from trackbridge.gates.facts import Facts
from trackbridge.store import Store

__all__ = ["Curve", "Curves", "read_curves"]

_DRAWN_AT_MOST: Final = 12
_BUCKETS: Final = 300


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of (step, value) by step: of each stretch of steps the least and the greatest value."""

    candidate: tuple[tuple[int, float], ...]
    baseline: tuple[tuple[int, float], ...]


Curves: TypeAlias = Mapping[str, Curve]


def read_curves(store: Store, judgement: Judgement) -> dict[str, Curve]:
    """Read the series of the metrics that were checked, and of others of the candidate, as many as fit on a page."""
    run = judgement.candidate.run
    if run is None:
        return {}
    checked = {check.metric: None for check in judgement.gate.checks if isinstance(check, Bound | Regression)}
    series = [
        name
        for name in dict.fromkeys((*checked, *sorted(run.metrics)))
        if name in run.metrics and run.metrics[name].count > 1 and not name.startswith("system/")
    ]
    names = series[:_DRAWN_AT_MOST]
    mine, theirs = _read(store, judgement.candidate, names), _read(store, judgement.baseline, names)
    return {name: Curve(mine.get(name, ()), theirs.get(name, ())) for name in names}


def _read(store: Store, facts: Facts | None, names: list[str]) -> dict[str, tuple[tuple[int, float], ...]]:
    if facts is None or facts.run is None or not names:
        return {}
    return {name: tuple(_thinned(store, facts, name)) for name in names if name in facts.run.metrics}


def _thinned(store: Store, facts: Facts, name: str) -> Iterator[tuple[int, float]]:
    """Give what a picture can show of a series, of any length, without holding it."""
    assert facts.run is not None
    steps = facts.run.metrics[name].count
    width = max(1, steps // _BUCKETS)
    bucket: list[tuple[int, float]] = []
    for point in store.metrics.read(facts.run.id, [name]):
        bucket.append((point.step, point.value))
        if len(bucket) == width:
            yield from _ends(bucket)
            bucket = []
    yield from _ends(bucket)


def _ends(bucket: list[tuple[int, float]]) -> list[tuple[int, float]]:
    if len(bucket) <= 2:
        return bucket
    finite = [point for point in bucket if point[1] - point[1] == 0]
    if not finite:
        return bucket[:1]
    return sorted({min(finite, key=lambda point: point[1]), max(finite, key=lambda point: point[1])})
