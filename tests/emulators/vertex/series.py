"""TensorboardService: points of time series, written, read in samples, and exported whole."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from emulators.vertex import paging, vendor
from emulators.vertex.errors import invalid
from emulators.vertex.filters import Fields, compiled, nanoseconds
from emulators.vertex.names import EXPERIMENT, RUN, TENSORBOARD, TIME_SERIES
from emulators.vertex.store import Row
from emulators.vertex.world import Handler, World

POINTS_A_WRITE = 5000  # WriteTensorboardRunDataRequest.time_series_data
SCALARS_READ, OTHERS_READ = 1000, 100  # TensorboardService.BatchReadTensorboardTimeSeriesData
MOST_READ = 10_000  # TensorboardService.ReadTensorboardTimeSeriesData: "can't be greater than 10k"
SERIES_READ = 20  # "Maximum of 20 TensorboardTimeSeries to read.": python-aiplatform issue 3394
EXPORT_DEFAULT, EXPORT_MOST = 1000, 10_000  # ExportTensorboardTimeSeriesDataRequest.page_size
_EARLIEST_S, _LATEST_S = -62135596800, 253402300799  # google.protobuf.Timestamp: years 1 to 9999
_SCALAR = 1
_MEMBER = {1: "scalar", 2: "tensor", 3: "blobs"}  # TensorboardTimeSeries.ValueType to TimeSeriesDataPoint.value
_FIELDS = Fields(
    {"step": lambda point: point.step, "wall_time": lambda point: nanoseconds(point.wall_time)},
    times=frozenset({"wall_time"}),
)


class Series:
    """The service's methods on points. Which points a sample has is random, and differs from call to call."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = random.Random()

    def handlers(self) -> Mapping[str, Handler]:
        """Give the methods by name."""
        return {
            "TensorboardService.WriteTensorboardRunData": self._write_run,
            "TensorboardService.WriteTensorboardExperimentData": self._write_experiment,
            "TensorboardService.ReadTensorboardTimeSeriesData": self._read,
            "TensorboardService.BatchReadTensorboardTimeSeriesData": self._batch_read,
            "TensorboardService.ExportTensorboardTimeSeriesData": self._export,
        }

    # Writing

    def _write_run(self, request: Any) -> Message:
        _limit_points([request])
        self._write(request)
        return vendor.message("WriteTensorboardRunDataResponse")()

    def _write_experiment(self, request: Any) -> Message:
        experiment = request.tensorboard_experiment
        self._world.require(EXPERIMENT, experiment, "WriteTensorboardExperimentDataRequest.tensorboard_experiment")
        _limit_points(request.write_run_data_requests)
        for one in request.write_run_data_requests:
            if one.tensorboard_run.rpartition("/runs/")[0] != experiment:
                cite = "WriteTensorboardExperimentDataRequest.write_run_data_requests"
                raise invalid(f"{one.tensorboard_run} does not lie in {experiment}.", cite)
            self._write(one)
        return vendor.message("WriteTensorboardExperimentDataResponse")()

    def _write(self, request: Any) -> None:
        self._world.require(RUN, request.tensorboard_run, "WriteTensorboardRunDataRequest.tensorboard_run")
        for data in request.time_series_data:
            name = f"{request.tensorboard_run}/{TIME_SERIES.noun}/{data.tensorboard_time_series_id}"
            row = self._world.require_row(TIME_SERIES, name, "TimeSeriesData.tensorboard_time_series_id")
            series = TIME_SERIES.message.FromString(row.body)
            if data.value_type != series.value_type:
                raise invalid(f"{name} has values of type {series.value_type}.", "TimeSeriesData.value_type")
            self._world.store.write_points(row.seq, self._checked(data))
            self._note(series, data)

    def _checked(self, data: Any) -> Iterator[tuple[int, bytes]]:
        member = _MEMBER[data.value_type]
        negative = self._world.switches.negative_steps == "accept"
        values = reversed(data.values) if self._world.switches.repeated_steps == "first" else data.values
        for point in values:
            if point.WhichOneof("value") != member:
                raise invalid(f"A point at step {point.step} is no {member}.", "TimeSeriesData.value_type")
            if point.step < 0 and not negative:
                raise invalid(f"The step {point.step} is negative.", "TimeSeriesDataPoint.step")
            wall = point.wall_time
            if not (_EARLIEST_S <= wall.seconds <= _LATEST_S and 0 <= wall.nanos < 10**9):
                raise invalid(f"The time of the point at step {point.step} is none.", "google.protobuf.Timestamp")
            yield point.step, point.SerializeToString()

    def _note(self, series: Any, data: Any) -> None:
        """Keep TensorboardTimeSeries.metadata, "max … of all data points"; a write is no update of the resource."""
        kept = series.metadata
        seen = kept.HasField("max_wall_time")
        step = max(point.step for point in data.values)
        wall = max(nanoseconds(point.wall_time) for point in data.values)
        kept.max_step = max(step, kept.max_step) if seen else step
        kept.max_wall_time.FromNanoseconds(max(wall, nanoseconds(kept.max_wall_time)))
        if data.value_type == 3:
            longest = max(len(point.blobs.values) for point in data.values)
            kept.max_blob_sequence_length = max(kept.max_blob_sequence_length, longest)
        self._world.store.replace(series.name, series.SerializeToString())

    # Reading

    def _read(self, request: Any) -> Message:
        cite = "ReadTensorboardTimeSeriesDataRequest"
        row = self._world.require_row(TIME_SERIES, request.tensorboard_time_series, f"{cite}.tensorboard_time_series")
        asked = request.max_data_points
        if asked < -1 or asked > MOST_READ:
            raise invalid(f"max_data_points is {asked}; the most is {MOST_READ}.", f"{cite}.max_data_points")
        if asked == -1:
            most = MOST_READ if self._world.switches.read_all == "sample" else None
        else:
            most = asked or _default_sample(row)
        data = self._sample(row, most, request.filter)
        return vendor.message("ReadTensorboardTimeSeriesDataResponse")(time_series_data=data)

    def _batch_read(self, request: Any) -> Message:
        cite = "BatchReadTensorboardTimeSeriesDataRequest"
        self._world.require(TENSORBOARD, request.tensorboard, f"{cite}.tensorboard")
        if len(request.time_series) > SERIES_READ:
            said = f"Maximum of {SERIES_READ} TensorboardTimeSeries to read."
            raise invalid(said, "python-aiplatform issue 3394")
        found = []
        for name in request.time_series:
            if not name.startswith(f"{request.tensorboard}/"):
                raise invalid(f"{name} does not lie in {request.tensorboard}.", f"{cite}.time_series")
            row = self._world.require_row(TIME_SERIES, name, f"{cite}.time_series")
            found.append(self._sample(row, _default_sample(row), ""))
        return vendor.message("BatchReadTensorboardTimeSeriesDataResponse")(time_series_data=found)

    def _sample(self, row: Row, most: int | None, text: str) -> Any:
        series = TIME_SERIES.message.FromString(row.body)
        points = self._points(row, text)
        if most is not None and len(points) > most:
            points = self._random.sample(points, most)
        data = vendor.message("TimeSeriesData")(value_type=series.value_type)
        data.tensorboard_time_series_id = row.name.rpartition("/")[2]
        data.values.extend(points)
        return data

    def _export(self, request: Any) -> Message:
        cite = "ExportTensorboardTimeSeriesDataRequest"
        row = self._world.require_row(TIME_SERIES, request.tensorboard_time_series, f"{cite}.tensorboard_time_series")
        size = paging.documented_size(
            request.page_size, default=EXPORT_DEFAULT, most=EXPORT_MOST, coerce=True, cite=f"{cite}.page_size"
        )
        order = paging.ordering(request.order_by, _FIELDS.scalars, f"{cite}.order_by")
        if order and "wall_time" in request.order_by:
            points, token = paging.page(self._points(row, request.filter), order, _step, size, request)
        else:
            points, token = self._by_step(row, request, size, downwards=not order or order[0][1])
            if not order:  # "in a pseudo random order"
                points.sort(key=_scatter)
        response = vendor.message("ExportTensorboardTimeSeriesDataResponse")(next_page_token=token)
        response.time_series_data_points.extend(points)
        return response

    def _by_step(self, row: Row, request: Any, size: int, *, downwards: bool) -> tuple[list[Any], str]:
        """Give a page of points without reading the others: series have millions."""
        point = vendor.message("TimeSeriesDataPoint")
        test = compiled(request.filter, _FIELDS, self._world.switches)
        after = paging.resumed(request)
        found = []
        for body in self._world.store.points_from(row.seq, after[0] if after else None, downwards=downwards):
            read = point.FromString(body)
            if test(read):
                found.append(read)
            if len(found) > size:
                return found[:size], paging.token(request, [found[size - 1].step])
        return found, ""

    def _points(self, row: Row, text: str) -> list[Any]:
        point = vendor.message("TimeSeriesDataPoint")
        points = [point.FromString(body) for _, body in self._world.store.points(row.seq)]
        if not text:
            return points
        test = compiled(text, _FIELDS, self._world.switches)
        return [point for point in points if test(point)]


def _limit_points(requests: Iterable[Any]) -> None:
    count = sum(len(data.values) for request in requests for data in request.time_series_data)
    if count > POINTS_A_WRITE:
        said = f"{count} data points in one request are more than {POINTS_A_WRITE}."
        raise invalid(said, "WriteTensorboardRunDataRequest.time_series_data")


def _default_sample(row: Row) -> int:
    return SCALARS_READ if TIME_SERIES.message.FromString(row.body).value_type == _SCALAR else OTHERS_READ


def _step(point: Any) -> int:
    return int(point.step)


def _scatter(point: Any) -> int:
    return int(point.step * 2654435761 % 2**32)
