"""A `BulkStore` for any adapter, made of its other families."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from trackbridge.errors import ConfigurationError
from trackbridge.protocol.adapter import MetricStore, ObjectStore, RunStore
from trackbridge.protocol.native import Refused, Scope
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites

__all__ = ["PlainBulk", "chunks"]


def chunks(points: Sequence[MetricPoint], size: int) -> Iterator[Sequence[MetricPoint]]:
    """Cut a sequence into pieces of at most `size`."""
    iterator = iter(points)
    while piece := tuple(islice(iterator, size)):
        yield piece


class PlainBulk:
    """Loads a run by the same calls as a live one, full batches each.

    Args:
        runs: The adapter's runs.
        metrics: Its metrics.
        points_per_write: As `Limits.points_per_write`.
        objects: Its objects; without them a load that brings objects is refused.
    """

    def __init__(
        self, runs: RunStore, metrics: MetricStore, points_per_write: int, objects: ObjectStore | None = None
    ) -> None:
        self._runs = runs
        self._metrics = metrics
        self._points_per_write = points_per_write
        self._objects = objects

    def load(
        self,
        header: RunHeader,
        writes: RunWrites,
        points: Iterable[Sequence[MetricPoint]],
        *,
        objects: Iterable[tuple[str, bytes]] = (),
    ) -> tuple[Refused, ...]:
        """See `trackbridge.protocol.BulkStore.load`."""
        self._runs.create(header)
        for name, data in objects:
            if self._objects is None:
                raise ConfigurationError(
                    "this adapter's PlainBulk was made without its objects", remedy="Pass them as its last argument."
                )
            self._objects.put(Scope("run", header.id), name, data)
        refused = list(self._runs.write(header.id, writes))
        for batch in points:
            for piece in chunks(batch, self._points_per_write):
                refused += self._metrics.write(header.id, piece)
        return tuple(refused)
