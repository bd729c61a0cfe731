"""TensorboardService: tensorboards, experiments, runs and time series as resources; `series` has their points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.protobuf import empty_pb2
from google.protobuf.message import Message

from emulators.vertex import masks, paging, rules, vendor
from emulators.vertex.errors import exists, invalid
from emulators.vertex.filters import Fields
from emulators.vertex.names import EXPERIMENT, RUN, TENSORBOARD, TIME_SERIES, Kind, location_of
from emulators.vertex.operations import Operations
from emulators.vertex.world import Handler, World, times

_SERVICE = "TensorboardService"
BATCH = 1000
# CreateTensorboardRunRequest and its like name their fields after the type.
_FIELD = {TENSORBOARD: "tensorboard", EXPERIMENT: "tensorboard_experiment", RUN: "tensorboard_run"} | {
    TIME_SERIES: "tensorboard_time_series"
}
_PLURAL = {TENSORBOARD: "Tensorboards", EXPERIMENT: "TensorboardExperiments", RUN: "TensorboardRuns"} | {
    TIME_SERIES: "TensorboardTimeSeries"
}
_LISTED = {TENSORBOARD: "tensorboards", EXPERIMENT: "tensorboard_experiments", RUN: "tensorboard_runs"} | {
    TIME_SERIES: "tensorboard_time_series"
}


class Tensorboards:
    """The service's methods on its resources."""

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._operations = operations
        for kind in _FIELD:
            delete = f"Delete{kind.type_name}"
            operations.on(f"{_SERVICE}.{delete}", vendor.message(f"{delete}Request"), self._deleted)
        for name, effect in (("CreateTensorboard", self._created), ("UpdateTensorboard", self._updated)):
            operations.on(f"{_SERVICE}.{name}", vendor.message(f"{name}Request"), effect)

    def handlers(self) -> Mapping[str, Handler]:
        """Give the methods by name."""
        found: dict[str, Handler] = {
            "CreateTensorboard": self._create_tensorboard,
            "UpdateTensorboard": self._update_tensorboard,
            "BatchCreateTensorboardRuns": self._batch(RUN, "runs"),
            "BatchCreateTensorboardTimeSeries": self._batch(TIME_SERIES, "time series"),
            "ReadTensorboardSize": self._size,
        }
        for kind in _FIELD:
            if kind is not TENSORBOARD:
                found[f"Create{kind.type_name}"] = self._creator(kind)
                found[f"Update{kind.type_name}"] = self._updater(kind)
            found[f"Get{kind.type_name}"] = self._getter(kind)
            found[f"List{_PLURAL[kind]}"] = self._lister(kind)
            found[f"Delete{kind.type_name}"] = self._deleter(kind)
        return {f"{_SERVICE}.{name}": handler for name, handler in found.items()}

    # Tensorboards, which come and change by operations

    def _create_tensorboard(self, request: Any) -> Message:
        self._world.require_parent(TENSORBOARD, request.parent, "CreateTensorboardRequest.parent")
        rules.resource(request.tensorboard, self._world.switches)
        name = self._world.new_name(TENSORBOARD, request.parent, "", make=self._number)
        request.tensorboard.name = name
        return self._operations.begin(f"{_SERVICE}.CreateTensorboard", request, name)

    def _created(self, request: Any) -> Message:
        name = request.tensorboard.name
        made = self._world.create(TENSORBOARD, request.parent, name, request.tensorboard)
        bucket = f"cloud-ai-platform-{name.rpartition('/')[2]}"
        made.blob_storage_path_prefix = bucket
        self._world.store.replace(name, made.SerializeToString())
        if made.is_default:
            self._only_default(name)
        return made

    def _update_tensorboard(self, request: Any) -> Message:
        name = request.tensorboard.name
        self._world.require(TENSORBOARD, name, "UpdateTensorboardRequest.tensorboard")
        return self._operations.begin(f"{_SERVICE}.UpdateTensorboard", request, name)

    def _updated(self, request: Any) -> Message:
        made = self._world.update(TENSORBOARD, request.tensorboard, request.update_mask.paths)
        if made.is_default:
            self._only_default(made.name)
        return made

    def _only_default(self, name: str) -> None:
        """ "Creation of a default TensorBoard … will mark all other … as non default" (Tensorboard.is_default)."""
        for row in self._world.store.children(location_of(name), TENSORBOARD.noun):
            other = TENSORBOARD.message.FromString(row.body)
            if other.is_default and other.name != name:
                other.is_default = False
                self._world.touch(other)

    # Everything below them

    def _creator(self, kind: Kind) -> Handler:
        field = _FIELD[kind]
        return lambda request: self._make(
            kind, request.parent, getattr(request, f"{field}_id"), getattr(request, field)
        )

    def _make(self, kind: Kind, parent: str, identifier: str, message: Any) -> Message:
        self._world.require_parent(kind, parent, f"Create{kind.type_name}Request.parent")
        name = self._world.new_name(kind, parent, identifier, make=self._number)
        if kind in {RUN, TIME_SERIES}:
            self._unique(kind, parent, name, message.display_name)
        return self._world.create(kind, parent, name, message)

    def _batch(self, kind: Kind, said: str) -> Handler:
        field = _FIELD[kind]
        response = vendor.message(f"BatchCreate{_PLURAL[kind]}Response")

        def batch(request: Any) -> Message:
            cite = f"{type(request).DESCRIPTOR.name}.requests"
            if len(request.requests) > BATCH:
                raise invalid(f"A maximum of {BATCH} {said} can be created in a batch.", cite)
            self._world.require_parent(RUN, request.parent, f"{type(request).DESCRIPTOR.name}.parent")
            made = []
            for one in request.requests:
                above = one.parent if kind is RUN else one.parent.rpartition("/runs/")[0]
                if above != request.parent:
                    raise invalid(f"{one.parent} does not lie in {request.parent}.", cite)
                made.append(self._make(kind, one.parent, getattr(one, f"{field}_id"), getattr(one, field)))
            return response(**{_LISTED[kind]: made})

        return batch

    def _updater(self, kind: Kind) -> Handler:
        field = _FIELD[kind]

        def update(request: Any) -> Message:
            given = getattr(request, field)
            before = self._world.require(kind, given.name, f"Update{kind.type_name}Request.{field}")
            made = self._world.update(kind, given, request.update_mask.paths)
            if kind in {RUN, TIME_SERIES} and made.display_name != before.display_name:
                self._unique(kind, made.name.rpartition(f"/{kind.noun}/")[0], made.name, made.display_name)
            return made

        return update

    def _unique(self, kind: Kind, parent: str, name: str, display_name: str) -> None:
        """ "This value must be unique among all TensorboardRuns belonging to the same parent" (and "should" for series).

        The vendor's own uploader takes ALREADY_EXISTS for a series' display name that is taken
        (google/cloud/aiplatform/tensorboard/uploader_utils.py).
        """
        for row in self._world.store.children(parent, kind.noun):
            if row.name != name and kind.message.FromString(row.body).display_name == display_name:
                said = f"{parent}/{kind.noun} of display name {display_name!r}"
                raise exists(kind.type_name, said, f"{kind.type_name}.display_name")

    def _getter(self, kind: Kind) -> Handler:
        cite = f"Get{kind.type_name}Request.name"
        return lambda request: self._present(kind, self._world.require(kind, request.name, cite))

    def _lister(self, kind: Kind) -> Handler:
        response = vendor.message(f"List{_PLURAL[kind]}Response")
        default, most = (100, 100) if kind is TENSORBOARD else (50, 1000)

        def listed(request: Any) -> Message:
            cite = f"{type(request).DESCRIPTOR.name}.page_size"
            size = paging.documented_size(request.page_size, default=default, most=most, coerce=True, cite=cite)
            order = ("name", "display_name", "create_time", "update_time")
            found, token = self._world.listed(kind, request, _FIELDS[kind], size, order=order)
            for item in found:
                self._present(kind, item)
                masks.read(item, request.read_mask)
            return response(**{_LISTED[kind]: found}, next_page_token=token)

        return listed

    def _deleter(self, kind: Kind) -> Handler:
        key = f"{_SERVICE}.Delete{kind.type_name}"

        def delete(request: Any) -> Message:
            self._world.require(kind, request.name, f"Delete{kind.type_name}Request.name")
            return self._operations.begin(key, request, request.name)

        return delete

    def _deleted(self, request: Any) -> Message:
        self._world.store.remove(request.name)
        return empty_pb2.Empty()

    def _size(self, request: Any) -> Message:
        self._world.require(TENSORBOARD, request.tensorboard, "ReadTensorboardSizeRequest.tensorboard")
        size = self._world.store.points_bytes(request.tensorboard)
        return vendor.message("ReadTensorboardSizeResponse")(storage_size_byte=size)

    def _present(self, kind: Kind, message: Any) -> Any:
        if kind is TENSORBOARD:
            message.run_count = self._world.store.count_below(message.name, RUN.noun)
        return message

    def _number(self) -> str:
        return str(10**18 + self._world.store.count("tensorboard") * 104729)


def _scalars(*names: str) -> dict[str, Callable[[Any], Any]]:
    return {name: (lambda item, name=name: getattr(item, name)) for name in names}


def _fields(names: Sequence[str], *, labels: bool = True) -> Fields:
    stamps = {"create_time": times("create_time"), "update_time": times("update_time")}
    return Fields({**_scalars("name", *names), **stamps}, times=frozenset(stamps), labels=labels)


# ``display_name="…"`` is what the vendor's uploader filters by, ``is_default=true`` what its SDK does.
_FIELDS = {
    TENSORBOARD: _fields(["display_name", "description", "is_default"]),
    EXPERIMENT: _fields(["display_name", "description", "source"]),
    RUN: _fields(["display_name", "description"]),
    TIME_SERIES: _fields(["display_name", "description", "plugin_name"], labels=False),
}
