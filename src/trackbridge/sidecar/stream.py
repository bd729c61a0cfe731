"""A run's points as they truly are: native series under their true names, extra points in their places (X3, M2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from trackbridge.records.metrics import MetricPoint, point_key
from trackbridge.sidecar.entries import Entry, PointsEntry
from trackbridge.sidecar.summaries import extra_points, true_names

__all__ = ["ReadSeries", "merge_points"]

ReadSeries: TypeAlias = Callable[[Sequence[str] | None], Iterator[MetricPoint]]

_NAME = itemgetter(0)


def merge_points(
    read: ReadSeries, native_names: Iterable[str], entries: Iterable[Entry], names: Sequence[str] | None = None
) -> Iterator[MetricPoint]:
    """Give the points of a run by true name (code points), then in M2 order; nothing is held but extra points.

    Args:
        read: Reads native series by their native names, or all: ``partial(adapter.metrics.read, run_id)``.
        native_names: The native names of all metrics that the run has, the keys of `NativeRun.metrics`.
        entries: The run's entries, of any family.
        names: The true names asked for; None for all.
    """
    known = tuple(entries)
    truth = true_names(known)
    wanted = None if names is None else set(names)
    extras: dict[str, list[PointsEntry]] = {}
    for entry in known:
        if isinstance(entry, PointsEntry) and (wanted is None or entry.name in wanted):
            extras.setdefault(entry.name, []).append(entry)
    if not extras and not truth:
        return read(names)
    shown = sorted(native_names)
    plain = [name for name in shown if name not in truth and (wanted is None or name in wanted)]
    renamed: dict[str, list[str]] = {}
    for name in shown:
        if name in truth and (wanted is None or truth[name] in wanted):
            renamed.setdefault(truth[name], []).append(name)
    return _by_name(read, plain, renamed, extras)


def _by_name(
    read: ReadSeries, plain: list[str], renamed: dict[str, list[str]], extras: dict[str, list[PointsEntry]]
) -> Iterator[MetricPoint]:
    # All plain series come in one native read, in name order; the others are read when their turn comes.
    pending = sorted(renamed.keys() | extras.keys(), reverse=True)
    for name, series in groupby(read(plain) if plain else iter(()), key=_NAME):
        while pending and pending[-1] < name:
            before = pending.pop()
            yield from _series(read, before, (), renamed.get(before, []), extras.get(before, []))
        if pending and pending[-1] == name:
            pending.pop()
        yield from _series(read, name, series, renamed.get(name, []), extras.get(name, []))
    while pending:
        name = pending.pop()
        yield from _series(read, name, (), renamed.get(name, []), extras.get(name, []))


def _series(
    read: ReadSeries, name: str, plain: Iterable[MetricPoint], renamed: list[str], extras: list[PointsEntry]
) -> Iterator[MetricPoint]:
    if not renamed and not extras:
        return iter(plain)
    native = [(MetricPoint(name, *point[1:]) for point in read([shown])) for shown in renamed]
    return _distinct(merge(plain, extra_points(extras), *native, key=point_key))


def _distinct(points: Iterable[MetricPoint]) -> Iterator[MetricPoint]:
    for _, same in groupby(points, key=point_key):
        yield next(same)
