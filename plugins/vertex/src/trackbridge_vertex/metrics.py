"""Metrics (M1–M5): series of TensorBoard, read by the call that exports every point, and sorted here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from trackbridge.errors import NotFound
from trackbridge.protocol import Refused
from trackbridge.protocol.bulk import chunks
from trackbridge.protocol.series import Row, in_order, points_of
from trackbridge.records.metrics import MetricPoint
from trackbridge_vertex.boards import Board, Boards
from trackbridge_vertex.cards import Cards
from trackbridge_vertex.changes import add_points
from trackbridge_vertex.client import Client
from trackbridge_vertex.finding import Finder, Place
from trackbridge_vertex.foreign import summary_points
from trackbridge_vertex.structs import plain_struct

__all__ = ["POINTS_PER_WRITE", "Metrics"]

POINTS_PER_WRITE: Final = 5_000  # WriteTensorboardRunDataRequest.time_series_data
_PAGE_POINTS: Final = 10_000  # ExportTensorboardTimeSeriesDataRequest.page_size
_SCALAR: Final = 1


class Metrics:
    """See `trackbridge.protocol.MetricStore`.

    What the series come to is kept in the run's card, written after the points: a run is listed without reading them.
    """

    def __init__(self, client: Client, finder: Finder, cards: Cards, boards: Boards) -> None:
        self._client = client
        self._finder = finder
        self._cards = cards
        self._boards = boards

    def write(self, run_id: str, points: Sequence[MetricPoint]) -> tuple[Refused, ...]:
        """Add points to the series; a point already there is nothing (M2)."""
        place = self._finder.existing(run_id)
        for batch in chunks(points, POINTS_PER_WRITE):
            try:
                self._send(run_id, place, batch)
            except NotFound:  # somebody removed the series
                self._boards.forget(run_id)
                self._send(run_id, place, batch)
            self._cards.update(place.context, lambda card, batch=batch: add_points(card, batch))  # type: ignore[misc]
        return ()

    def _send(self, run_id: str, place: Place, points: Sequence[MetricPoint]) -> None:
        series: defaultdict[str, list[MetricPoint]] = defaultdict(list)
        for point in points:
            series[point[0]].append(point)
        board = self._boards.with_series(run_id, place, series)
        request = self._client.message("WriteTensorboardRunDataRequest", tensorboard_run=board.name)
        for name, own in series.items():
            data = request.time_series_data.add(tensorboard_time_series_id=board.series[name], value_type=_SCALAR)
            add = data.values.add
            for _, step, time_ms, value in own:
                point = add(step=step)
                seconds, rest_ms = divmod(time_ms, 1_000)
                point.wall_time.seconds = seconds
                point.wall_time.nanos = rest_ms * 1_000_000
                point.scalar.value = value
        self._client.boards("write_tensorboard_run_data", request)

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give every point of these metrics, or of all: by name (code points), then in M2 order, never sampled."""
        place = self._finder.existing(run_id)
        board = self._boards.find(place)
        single = {point.name: point for point in self._single(run_id, place)}
        series = board.series if board else {}
        wanted = None if names is None else set(names)
        for name in sorted(series.keys() | single.keys()):
            if wanted is not None and name not in wanted:
                continue
            if board and name in series:
                yield from points_of(name, in_order(self._pages(board, series[name])))
            else:
                yield single[name]

    def _single(self, run_id: str, place: Place) -> list[MetricPoint]:
        """Give the metrics of a foreign run that are no series."""
        if place.context.endswith(run_id):
            return []
        found = self._cards.current(place.context)
        if found is None or not found[1].foreign:
            return []
        return summary_points(found[0], plain_struct(found[0].metadata))

    def _pages(self, board: Board, series_id: str) -> Iterator[list[Row]]:
        request = self._client.message(
            "ExportTensorboardTimeSeriesDataRequest",
            tensorboard_time_series=f"{board.name}/timeSeries/{series_id}",
            page_size=_PAGE_POINTS,
        )
        while True:
            answer = self._client.boards("export_tensorboard_time_series_data", request)
            yield [_row(point) for point in answer.time_series_data_points]
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token


def _row(point: Any) -> Row:
    time = point.wall_time
    return point.step, time.seconds * 1_000 + time.nanos // 1_000_000, point.scalar.value
