"""Summaries of metrics that entries touch: as much as can be known without reading a series (M4, X3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from heapq import merge
from itertools import groupby

from trackbridge.protocol import NativeMetric
from trackbridge.records.metrics import MetricPoint, MetricSummary, point_key, summarize, value_key
from trackbridge.sidecar.columns import unpack_points
from trackbridge.sidecar.entries import Entry, MetricEntry, PointsEntry

__all__ = ["extra_points", "merge_metrics", "true_names"]


def true_names(entries: Iterable[Entry]) -> dict[str, str]:
    """Give the true name of every metric that is shown under another."""
    return {entry.native_name: entry.name for entry in entries if isinstance(entry, MetricEntry)}


def extra_points(entries: Iterable[PointsEntry]) -> Iterable[MetricPoint]:
    """Give the extra points of one series, each once, in M2 order."""
    streams = [unpack_points(entry.name, entry.columns) for entry in entries]
    for _, same in groupby(merge(*streams, key=point_key), key=point_key):
        yield next(same)


def merge_metrics(
    native: Mapping[str, MetricSummary | NativeMetric], entries: Iterable[Entry]
) -> tuple[dict[str, MetricSummary], dict[str, NativeMetric]]:
    """Give the summaries that are known in full, and what is known of the others, by true name."""
    known = tuple(entries)
    names = true_names(known)
    parts: dict[str, list[MetricSummary | NativeMetric]] = {}
    for shown, summary in native.items():
        parts.setdefault(names.get(shown, shown), []).append(summary)
    shared = {name for name, several in parts.items() if len(several) > 1}
    extras: dict[str, list[PointsEntry]] = {}
    for entry in known:
        if isinstance(entry, PointsEntry):
            extras.setdefault(entry.name, []).append(entry)
    for name, own in extras.items():
        if name in parts and not all(entry.exclusive for entry in own):
            shared.add(name)
        if extra := summarize(extra_points(own)):
            parts.setdefault(name, []).append(extra)
    full: dict[str, MetricSummary] = {}
    partial: dict[str, NativeMetric] = {}
    for name in sorted(parts):
        joined = _join(parts[name], disjoint=name not in shared)
        if isinstance(joined, MetricSummary):
            full[name] = joined
        else:
            partial[name] = joined
    return full, partial


def _join(parts: list[MetricSummary | NativeMetric], *, disjoint: bool) -> MetricSummary | NativeMetric:
    """Summarize a union: last, min and max of sets that overlap are known, their count is not."""
    whole = [summary for part in parts if (summary := _complete(part)) is not None]
    if len(whole) == len(parts):
        union = reduce(MetricSummary.merged, whole)
        if disjoint:
            return union
        last, step, time_ms = union.last, union.last_step, union.last_timestamp_ms
        return NativeMetric(last, step, time_ms, union.min, union.max, None)
    lasts = [
        (part.last_step, part.last_timestamp_ms, value_key(part.last), part.last)
        for part in parts
        if part.last is not None and part.last_step is not None and part.last_timestamp_ms is not None
    ]
    if len(lasts) < len(parts):
        return NativeMetric()
    step, time_ms, _, last = max(lasts)
    return NativeMetric(last, step, time_ms)


def _complete(part: MetricSummary | NativeMetric) -> MetricSummary | None:
    if isinstance(part, MetricSummary):
        return part
    match part:
        case NativeMetric(float(last), int(step), int(time_ms), float(least), float(greatest), int(count)):
            return MetricSummary(last, step, time_ms, least, greatest, count)
    return None
