"""Reads one run of a backend as it truly is: the native view, with the sidecar applied (X3)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from operator import itemgetter

from trackbridge.errors import NotFound
from trackbridge.protocol import Backend, NativeMetric, NativeRun
from trackbridge.records.ids import check_run_id
from trackbridge.records.metrics import MetricPoint, MetricSummary, summarize
from trackbridge.records.runs import RunRecord
from trackbridge.redaction import redacted_logger
from trackbridge.sidecar import Entry, Merged, merge_points, merge_run, read_entries

__all__ = ["Reader", "Reading", "by_name"]

_log = redacted_logger("trackbridge.store")


@dataclass(frozen=True, slots=True)
class Reading:
    """One run: what the backend holds, the entries of its sidecar, and both taken together."""

    native: NativeRun
    entries: tuple[Entry, ...]
    merged: Merged

    @property
    def id(self) -> str:
        """The run's id."""
        return self.native.id


class Reader:
    """Reads runs of one backend.

    Args:
        backend: The backend, opened; it stays the caller's to close.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.adapter = backend.adapter
        self._said: set[str] = set()

    def native(self, run_id: str, *, deleted: bool = False) -> NativeRun:
        """Give a run as the backend holds it.

        Args:
            run_id: Our id of it.
            deleted: Whether a deleted run will do.

        Raises:
            Rejected: that is no run id.
            NotFound: there is no such run, or it was deleted (R7).
        """
        native = self.adapter.runs.get([check_run_id(run_id)]).get(run_id)
        if native is None:
            raise NotFound(f"there is no run {run_id} in {self.backend.url}", clause="R1")
        if native.deleted and not deleted:
            raise NotFound(f"run {run_id} was deleted", clause="R7", remedy="store.runs.restore brings it back.")
        return native

    def find(self, run_id: str) -> Reading:
        """Find a run that is not deleted, and read it."""
        return self.read(self.native(run_id))

    def read(self, native: NativeRun) -> Reading:
        """Apply a run's sidecar; what was changed past it is told once in the log."""
        entries = read_entries(self.adapter.objects, native) if native.sidecar else ()
        merged = _as_it_is(native) if not entries else None
        merged = merged or merge_run(native, entries)
        if merged.differences or merged.disputed:
            self._tell(native.id, merged)
        return Reading(native, entries, merged)

    def record(self, reading: Reading) -> RunRecord:
        """Give the whole record; series are read where the backend does not summarize them."""
        run, unknown = reading.merged.run, reading.merged.partial
        if not unknown:
            return run
        metrics = {**run.metrics, **self.summaries(reading, unknown)}
        return replace(run, metrics=dict(sorted(metrics.items())))

    def sketch(self, reading: Reading, needed: Mapping[str, set[str]]) -> RunRecord:
        """Give a record whose metrics are right in the `needed` parts alone: enough to match and sort by.

        A series is read only where a part of it is needed that the backend does not tell.
        """
        unknown = {name: known for name, known in reading.merged.partial.items() if name in needed}
        if not unknown:
            return reading.merged.run
        told = {
            name: _filled(known)
            for name, known in unknown.items()
            if all(getattr(known, part) is not None for part in needed[name])
        }
        rest = self.summaries(reading, unknown.keys() - told.keys())
        return replace(reading.merged.run, metrics={**reading.merged.run.metrics, **told, **rest})

    def last_values(self, reading: Reading) -> dict[str, float]:
        """Give the last value of every metric; a series is read only where the backend does not tell it."""
        values = {name: summary.last for name, summary in reading.merged.run.metrics.items()}
        unknown = reading.merged.partial
        values.update((name, known.last) for name, known in unknown.items() if known.last is not None)
        rest = self.summaries(reading, unknown.keys() - values.keys())
        return {**values, **{name: summary.last for name, summary in rest.items()}}

    def summaries(self, reading: Reading, names: Iterable[str]) -> dict[str, MetricSummary]:
        """Summarize these metrics from their points."""
        wanted = sorted(names)
        if not wanted:
            return {}
        series = by_name(self.points(reading, wanted))
        return {name: summary for name, points in series if (summary := summarize(points)) is not None}

    def points(self, reading: Reading, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give the points of a run by name, then in M2 order; nothing but extra points is held in memory."""
        read = partial(self.adapter.metrics.read, reading.id)
        return merge_points(read, reading.native.metrics, reading.entries, names)

    def _tell(self, run_id: str, merged: Merged) -> None:
        sentences = [
            f"{one.family} {one.name} of run {run_id} was changed outside trackbridge; what the backend shows wins (X3)"
            for one in merged.differences
        ]
        sentences += [
            f"param {name} of run {run_id} was given several values that look alike here, of which one is shown (P3)"
            for name in merged.disputed
        ]
        for sentence in sentences:
            if sentence not in self._said:
                self._said.add(sentence)
                _log.warning("%s", sentence)


def by_name(points: Iterable[MetricPoint]) -> Iterator[tuple[str, Iterator[MetricPoint]]]:
    """Cut a stream of points into its series; each must be used up before the next is taken."""
    return groupby(points, key=itemgetter(0))


def _as_it_is(native: NativeRun) -> Merged | None:
    """Give what `merge_run` would make of most runs, ten times faster; None where it has more to do."""
    metrics = {name: summary for name, summary in sorted(native.metrics.items()) if isinstance(summary, MetricSummary)}
    if len(metrics) < len(native.metrics) or len(native.datasets) > 1:
        return None
    run = RunRecord(
        native.id, native.name, native.experiment, native.status, native.started_ms, native.ended_ms, native.parent,
        native.params, native.tags, metrics, native.datasets, native.attributes,
        native.native_id, native.urls, native.deleted,
    )  # fmt: skip
    return Merged(run)


def _filled(known: NativeMetric) -> MetricSummary:
    # What is not needed is filled with NaN and 0: this summary is never shown.
    return MetricSummary(
        math.nan if known.last is None else known.last,
        known.last_step or 0,
        known.last_timestamp_ms or 0,
        math.nan if known.min is None else known.min,
        math.nan if known.max is None else known.max,
        known.count or 0,
    )
