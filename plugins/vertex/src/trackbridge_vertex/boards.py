"""TensorBoard, where Vertex AI keeps series: an instance, in it a run for each of ours, in that a series a metric.

The layout is the SDK's: a TensorBoard experiment under the id of ours, a run in it, and an artifact ``CONTEXT-tb-run``
attached to the run's context that names it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge_vertex.client import Client
from trackbridge_vertex.contexts import id_of
from trackbridge_vertex.finding import Place
from trackbridge_vertex.lineage import Lineage
from trackbridge_vertex.names import digest
from trackbridge_vertex.structs import fill

__all__ = ["Board", "Boards"]

_INSTANCE: Final = "tensorboard"  # the object that names the instance all runs share
_ARTIFACT_SCHEMA: Final = "google.VertexTensorboardRun"
_SOURCE: Final = {"vertex_tensorboard_experiment_source": "vertex_experiment"}
_RESOURCE, _TRACKED = "resourceName", "vertex_experiment_tracking"
_SCALAR: Final = 1
_PAGE: Final = 1_000
_BATCH: Final = 1_000  # series made in one call, the service's limit


@dataclass(slots=True)
class Board:
    """The TensorBoard run of a run: its resource name, and the ids of its series by metric."""

    name: str
    series: dict[str, str] = field(default_factory=dict)


class Boards:
    """Finds and makes TensorBoard runs and their series; an instance comes to be with the first series."""

    def __init__(self, client: Client, lineage: Lineage) -> None:
        self._client = client
        self._lineage = lineage
        self._lock = threading.RLock()
        self._known: dict[str, Board] = {}
        self._instance_name: str | None = None

    def find(self, place: Place) -> Board | None:
        """Give the board of a run as it is now; None where it has no series yet."""
        name = self._linked(place)
        return None if name is None else self._listed(name)

    def with_series(self, run_id: str, place: Place, metrics: Iterable[str]) -> Board:
        """Give the board of a run that has a series for each of the metrics, made where it was missing."""
        with self._lock:
            board = self._known.get(run_id)
            if board is None:
                board = self._known[run_id] = self._opened(run_id, place)
            missing = [name for name in dict.fromkeys(metrics) if name not in board.series]
            for start in range(0, len(missing), _BATCH):
                self._make_series(board, missing[start : start + _BATCH])
            return board

    def forget(self, run_id: str) -> None:
        """Forget the board of a run, which may be gone."""
        with self._lock:
            self._known.pop(run_id, None)

    def delete(self, place: Place) -> None:
        """Remove the board of a run with all its series, and the artifact that names it."""
        name = self._linked(place)
        if name is not None:
            request = self._client.message("DeleteTensorboardRunRequest", name=name)
            with suppress(NotFound):
                self._client.awaited(self._client.boards, "delete_tensorboard_run", request)
            self._lineage.delete_artifact(_link_id(place))

    def _linked(self, place: Place) -> str | None:
        artifact = self._lineage.artifact(_link_id(place))
        if artifact is None or _RESOURCE not in artifact.metadata.fields:
            return None
        return str(artifact.metadata.fields[_RESOURCE].string_value)

    def _opened(self, run_id: str, place: Place) -> Board:
        name, own = self._linked(place), _run_id(run_id, place)
        there = self._listed(name) if name is not None and id_of(name) == own else None
        if there is not None:
            return there
        board, fresh = self._made(own, place)
        self._link(place, board)
        return (None if fresh else self._listed(board)) or Board(board)

    def _made(self, own: str, place: Place) -> tuple[str, bool]:
        """Make the TensorBoard run, and the experiment and the instance around it; tell whether it is new."""
        experiment = place.experiment or place.context
        for first in (True, False):
            parent = f"{self.instance()}/experiments/{experiment}"
            create = self._client.message("CreateTensorboardRunRequest", parent=parent, tensorboard_run_id=own)
            create.tensorboard_run.display_name = own
            try:
                self._client.boards("create_tensorboard_run", create)
            except Conflict:
                return f"{parent}/runs/{own}", False
            except NotFound:
                if not first:
                    raise
                self._make_experiment(experiment)
            else:
                return f"{parent}/runs/{own}", True
        raise AssertionError("the loop returns or raises")

    def _make_experiment(self, experiment: str) -> None:
        for first in (True, False):
            request = self._client.message(
                "CreateTensorboardExperimentRequest", parent=self.instance(), tensorboard_experiment_id=experiment
            )
            request.tensorboard_experiment.display_name = experiment
            request.tensorboard_experiment.labels.update(_SOURCE)
            try:
                with suppress(Conflict):
                    self._client.boards("create_tensorboard_experiment", request)
            except NotFound:
                if not first or self._client.address.tensorboard:
                    raise
                self._forget_instance()  # somebody deleted it
            else:
                return

    def _link(self, place: Place, board: str) -> None:
        endpoint = f"https://{self._client.address.host}/v1"
        artifact = self._client.message(
            "Artifact", uri=f"{endpoint}/{board}", schema_title=_ARTIFACT_SCHEMA, schema_version="0.0.1", state=2
        )
        fill(artifact.metadata, {_RESOURCE: board, _TRACKED: True})
        self._lineage.put_artifact(_link_id(place), artifact)
        self._lineage.attach(place.context, artifacts=[_link_id(place)])

    def instance(self) -> str:
        """Give the resource name of the instance: named by option, agreed upon before, the region's default, or new."""
        address = self._client.address
        if address.tensorboard:
            return address.tensorboard if "/" in address.tensorboard else self._named(address.tensorboard)
        with self._lock:
            if self._instance_name is None:
                agreed = self._client.storage.get(_INSTANCE)
                self._instance_name = self._named(agreed.decode()) if agreed else self._agreed()
            return self._instance_name

    def _agreed(self) -> str:
        found, fresh = self._default(), False
        if found is None:
            found, fresh = self._make_instance(), True
        if self._client.storage.create(_INSTANCE, found.encode()):
            return self._named(found)
        agreed = (self._client.storage.get(_INSTANCE) or found.encode()).decode()
        if fresh and agreed != found:  # another process was first, and one is enough
            request = self._client.message("DeleteTensorboardRequest", name=self._named(found))
            self._client.awaited(self._client.boards, "delete_tensorboard", request)
        return self._named(agreed)

    def _default(self) -> str | None:
        request = self._client.message(
            "ListTensorboardsRequest", parent=self._client.address.parent, filter="is_default=true"
        )
        answer = self._client.boards("list_tensorboards", request)
        return min((id_of(board.name) for board in answer.tensorboards), default=None)

    def _make_instance(self) -> str:
        request = self._client.message("CreateTensorboardRequest", parent=self._client.address.parent)
        request.tensorboard.display_name = "trackbridge"
        request.tensorboard.is_default = True
        made = self._client.awaited(self._client.boards, "create_tensorboard", request, repeat=False)
        return id_of(made.name)

    def _forget_instance(self) -> None:
        with self._lock:
            self._instance_name = None
            self._client.storage.delete(_INSTANCE)

    def _named(self, instance: str) -> str:
        return f"{self._client.address.parent}/tensorboards/{instance}"

    def _listed(self, name: str) -> Board | None:
        """Give a TensorBoard run with the series it has; None where it is gone."""
        request = self._client.message("ListTensorboardTimeSeriesRequest", parent=name, page_size=_PAGE)
        try:
            return Board(name, {one.display_name: id_of(one.name) for one in self._series(request)})
        except NotFound:
            return None

    def _series(self, request: Any) -> Iterator[Any]:
        found = self._client.pages(
            self._client.boards, "list_tensorboard_time_series", request, "tensorboard_time_series"
        )
        return (one for one in found if one.value_type == _SCALAR)

    def _make_series(self, board: Board, metrics: list[str]) -> None:
        """Make series under ids that follow from the metric: whoever makes one twice is told."""
        requests = [self._new_series(board, metric) for metric in metrics]
        batch = self._client.message(
            "BatchCreateTensorboardTimeSeriesRequest", parent=board.name.rpartition("/runs/")[0], requests=requests
        )
        try:
            if len(requests) > 1:
                self._client.boards("batch_create_tensorboard_time_series", batch)
            else:
                self._client.boards("create_tensorboard_time_series", requests[0])
        except Conflict:  # some are there, made by another process, or by a call whose answer was lost
            for request in requests:
                with suppress(Conflict):
                    self._client.boards("create_tensorboard_time_series", request)
        board.series |= {metric: _series_id(metric) for metric in metrics}

    def _new_series(self, board: Board, metric: str) -> Any:
        request = self._client.message(
            "CreateTensorboardTimeSeriesRequest", parent=board.name, tensorboard_time_series_id=_series_id(metric)
        )
        request.tensorboard_time_series.display_name = metric
        request.tensorboard_time_series.value_type = _SCALAR
        request.tensorboard_time_series.plugin_name = "scalars"
        return request


def _link_id(place: Place) -> str:
    return f"{place.context}-tb-run"


def _run_id(run_id: str, place: Place) -> str:
    """Give the id of a TensorBoard run: ours, or for a foreign run what the SDK would call it."""
    if place.context.endswith(run_id):
        return run_id
    return place.context.removeprefix(f"{place.experiment}-") or place.context


def _series_id(metric: str) -> str:
    return digest(metric)
