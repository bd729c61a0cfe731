"""Whole runs at once: their points go straight into the file that readers of Parquet see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import lt
from typing import Final

from trackbridge.adapters.archive.archive import Archive
from trackbridge.adapters.archive.metrics import ArchiveMetrics
from trackbridge.adapters.archive.objects import ArchiveObjects
from trackbridge.adapters.archive.places import run_folder
from trackbridge.adapters.archive.points import PointsWriter, read_points, sort_key
from trackbridge.adapters.archive.runlogs import RunLogs, publish_points
from trackbridge.adapters.archive.runs import ArchiveRuns
from trackbridge.adapters.archive.runstate import RunState, points_commit
from trackbridge.protocol import Refused, Scope
from trackbridge.protocol.bulk import chunks
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites

__all__ = ["POINTS_PER_WRITE", "ArchiveBulk"]

POINTS_PER_WRITE: Final = 20_000

_Batches = Iterator[Sequence[MetricPoint]]


class ArchiveBulk:
    """See `trackbridge.protocol.BulkStore`. Memory stays flat as long as the points come in order."""

    def __init__(
        self, archive: Archive, logs: RunLogs, runs: ArchiveRuns, metrics: ArchiveMetrics, objects: ArchiveObjects
    ) -> None:
        self._archive = archive
        self._logs = logs
        self._runs = runs
        self._metrics = metrics
        self._objects = objects

    def load(
        self,
        header: RunHeader,
        writes: RunWrites,
        points: Iterable[Sequence[MetricPoint]],
        *,
        objects: Iterable[tuple[str, bytes]] = (),
    ) -> tuple[Refused, ...]:
        """Create a run; what cannot go into its first file of points is written as by a live run."""
        self._runs.create(header)
        for name, data in objects:
            self._objects.put(Scope("run", header.id), name, data)
        refused = self._runs.write(header.id, writes) if writes else ()
        batches = iter(points)
        state = self._logs.state(header.id)
        if state.points is None and not state.loose:
            batches = self._load_file(header.id, batches)
        for batch in batches:
            for piece in chunks(batch, POINTS_PER_WRITE):
                self._metrics.write(header.id, piece)
        return refused

    def _load_file(self, run_id: str, batches: _Batches) -> _Batches:
        """Write points to a file as long as each follows the one before; give the batches that are left."""
        log = self._logs.of(run_folder(run_id))
        with self._archive.vault.staging() as staged:
            with PointsWriter(staged, run_id) as written:
                left = _write_sorted(written, batches)

            def decide(state: RunState) -> tuple[dict[str, object] | None, bool]:
                if state.points or state.loose:
                    return None, False  # somebody else wrote meanwhile
                return points_commit(publish_points(log, staged, written), written.summaries), True

            if written.rows and not self._logs.change(run_id, decide):
                stored = read_points(staged)
                while some := list(islice(stored, POINTS_PER_WRITE)):
                    self._metrics.write(run_id, some)
        return chain(left, batches)


def _write_sorted(written: PointsWriter, batches: _Batches) -> list[Sequence[MetricPoint]]:
    """Write batches until one does not follow; give that one."""
    last: tuple[object, ...] | None = None
    for batch in batches:
        keys = [sort_key(point) for point in batch]
        if not all(map(lt, keys if last is None else [last, *keys], keys[1:] if last is None else keys)):
            return [batch]
        last = keys[-1] if keys else last
        written.add(batch)
    return []
