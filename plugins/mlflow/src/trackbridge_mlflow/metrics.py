"""Metrics (M1–M5): MLflow's series are sets already; what it cannot hold, the core's sidecar does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby
from typing import Final

from trackbridge.protocol import Refused
from trackbridge.protocol.bulk import chunks
from trackbridge.protocol.series import Row, in_order, points_of
from trackbridge.records.metrics import MetricPoint, point_key
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.finding import Finder

__all__ = ["POINTS_PER_BATCH", "Metrics"]

POINTS_PER_BATCH: Final = 1_000  # MLflow's limit of one log_batch
_PAGE_ROWS: Final = 25_000  # MLflow's limit of one page of a history


class Metrics:
    """See `trackbridge.protocol.MetricStore`."""

    def __init__(self, client: Client, finder: Finder) -> None:
        self._client = client
        self._finder = finder

    def write(self, run_id: str, points: Sequence[MetricPoint]) -> tuple[Refused, ...]:
        """Add points to the sets; a point already there is nothing (M2)."""
        native = self._finder.natives(run_id)[0]
        for batch in chunks(points, POINTS_PER_BATCH):
            self._client.log_points(native, batch)
        return ()

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give every point of these metrics, or of all: by name (code points), then in M2 order, never sampled."""
        runs = self._finder.existing(run_id)
        wanted = None if names is None else set(names)
        there = sorted({name for run in runs for name in run.data.metrics if wanted is None or name in wanted})
        for name in there:
            series = [points_of(name, self._rows(run.info.run_id, name)) for run in runs if name in run.data.metrics]
            if len(series) == 1:
                yield from series[0]
                continue
            for _, same in groupby(merge(*series, key=point_key), key=point_key):
                yield next(same)

    def _rows(self, native: str, name: str) -> Iterator[Row]:
        return in_order(self._pages(native, name))

    def _pages(self, native: str, name: str) -> Iterator[list[Row]]:
        token: str | None = None
        while True:
            rows, token = self._client.history(native, name, _PAGE_ROWS, token)
            yield rows
            if not token:
                return
