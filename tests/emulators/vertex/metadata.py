"""MetadataService: stores, schemas, contexts, artifacts and executions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import empty_pb2
from google.protobuf.message import Message

from emulators.vertex import paging, vendor
from emulators.vertex.errors import exists, invalid
from emulators.vertex.filters import Fields, compiled
from emulators.vertex.names import ARTIFACT, CONTEXT, EXECUTION, METADATA_STORE, SCHEMA, Kind
from emulators.vertex.operations import Operations
from emulators.vertex.world import Handler, World, times

CHILD, MEMBER, EVENT = "child", "member", "event"
_SERVICE = "MetadataService"
_SCHEMA_VERSION = r"[0-9]+[.][0-9]+[.][0-9]+"
# The titles that the SDK's own modules name, which no client creates: they are there from the beginning.
SYSTEM_SCHEMAS = frozenset(
    f"system.{name}"
    for name in (
        *("Artifact", "Dataset", "Metrics", "Model"),
        *("ContainerExecution", "CustomJobExecution", "Run", "DagExecution"),
        *("Experiment", "ExperimentRun", "Pipeline", "PipelineRun"),
    )
) | frozenset(
    f"google.{name}"
    for name in (
        *("ClassificationMetrics", "RegressionMetrics", "ForecastingMetrics", "ExperimentModel"),
        *("UnmanagedContainerModel", "VertexDataset", "VertexEndpoint", "VertexModel", "VertexTensorboardRun"),
    )
)
_PURGE_SAMPLE = 100


class Metadata:
    """The service's methods on its resources; `lineage` has those on their links."""

    def __init__(self, world: World, operations: Operations) -> None:
        self._world = world
        self._operations = operations
        self._fields = {
            CONTEXT: self._context_fields(),
            ARTIFACT: self._node_fields(ARTIFACT),
            EXECUTION: self._node_fields(EXECUTION),
        }
        for kind in (CONTEXT, ARTIFACT, EXECUTION):
            delete, purge = f"Delete{kind.type_name}", f"Purge{kind.type_name}s"
            operations.on(f"{_SERVICE}.{delete}", vendor.message(f"{delete}Request"), self._deleted)
            operations.on(f"{_SERVICE}.{purge}", vendor.message(f"{purge}Request"), self._purged(kind))
        create = "CreateMetadataStore"
        operations.on(f"{_SERVICE}.{create}", vendor.message(f"{create}Request"), self._store_created)
        operations.on(f"{_SERVICE}.DeleteMetadataStore", vendor.message("DeleteMetadataStoreRequest"), self._deleted)

    @property
    def artifact_fields(self) -> Fields:
        """What artifacts may be filtered by, in lineage too."""
        return self._fields[ARTIFACT]

    def handlers(self) -> Mapping[str, Handler]:
        """Give the methods by name."""
        found: dict[str, Handler] = {
            "CreateMetadataStore": self._create_store,
            "GetMetadataStore": lambda request: self._world.require(
                METADATA_STORE, request.name, "GetMetadataStoreRequest.name"
            ),
            "ListMetadataStores": self._list_stores,
            "DeleteMetadataStore": self._delete(METADATA_STORE),
            "CreateMetadataSchema": self._create_schema,
            "GetMetadataSchema": lambda request: self._world.require(
                SCHEMA, request.name, "GetMetadataSchemaRequest.name"
            ),
            "ListMetadataSchemas": self._list_schemas,
        }
        for kind in (CONTEXT, ARTIFACT, EXECUTION):
            found[f"Create{kind.type_name}"] = self._create(kind)
            found[f"Get{kind.type_name}"] = self._get(kind)
            found[f"List{kind.type_name}s"] = self._list(kind)
            found[f"Update{kind.type_name}"] = self._update(kind)
            found[f"Delete{kind.type_name}"] = self._delete(kind)
            found[f"Purge{kind.type_name}s"] = self._purge(kind)
        return {f"{_SERVICE}.{name}": handler for name, handler in found.items()}

    # Stores and schemas

    def _create_store(self, request: Any) -> Message:
        self._world.require_parent(METADATA_STORE, request.parent, "CreateMetadataStoreRequest.parent")
        name = self._world.new_name(METADATA_STORE, request.parent, request.metadata_store_id)
        request.metadata_store_id = name.rpartition("/")[2]
        return self._operations.begin(f"{_SERVICE}.CreateMetadataStore", request, name)

    def _store_created(self, request: Any) -> Message:
        name = self._world.new_name(METADATA_STORE, request.parent, request.metadata_store_id)
        return self._world.create(METADATA_STORE, request.parent, name, request.metadata_store)

    def _list_stores(self, request: Any) -> Message:
        size = _size(request)
        fields = Fields({"create_time": times("create_time")}, times=frozenset({"create_time"}))
        found, token = self._world.listed(METADATA_STORE, request, fields, size, order=[])
        return vendor.message("ListMetadataStoresResponse")(metadata_stores=found, next_page_token=token)

    def _create_schema(self, request: Any) -> Message:
        world = self._world
        world.require_parent(SCHEMA, request.parent, "CreateMetadataSchemaRequest.parent")
        given = request.metadata_schema
        if given.schema_version and not re.fullmatch(_SCHEMA_VERSION, given.schema_version):
            raise invalid(f"{given.schema_version!r} is no version.", "MetadataSchema.schema_version")
        title = _title(given.schema)
        for row in world.store.children(request.parent, SCHEMA.noun):
            other = SCHEMA.message.FromString(row.body)
            if (_title(other.schema), other.schema_version) == (title, given.schema_version):
                raise exists("MetadataSchema", other.name, "MetadataSchema.schema")
        name = world.new_name(SCHEMA, request.parent, request.metadata_schema_id)
        return world.create(SCHEMA, request.parent, name, given)

    def _list_schemas(self, request: Any) -> Message:
        fields = Fields({"schema_title": lambda item: _title(item.schema)})
        found, token = self._world.listed(SCHEMA, request, fields, _size(request), order=[])
        return vendor.message("ListMetadataSchemasResponse")(metadata_schemas=found, next_page_token=token)

    def _check_schema(self, parent: str, message: Any, cite: str) -> None:
        title, version = message.schema_title, message.schema_version
        if not title or title in SYSTEM_SCHEMAS or self._world.switches.unknown_schemas == "accept":
            return
        for row in self._world.store.children(parent, SCHEMA.noun):
            known = SCHEMA.message.FromString(row.body)
            if _title(known.schema) == title and version in {"", known.schema_version}:
                return
        raise invalid(f"No schema {title!r} of version {version!r} is registered.", cite)

    # Contexts, artifacts, executions

    def _create(self, kind: Kind) -> Handler:
        field = kind.noun.removesuffix("s")

        def create(request: Any) -> Message:
            world = self._world
            parent = world.require_parent(kind, request.parent, f"Create{kind.type_name}Request.parent")
            name = world.new_name(kind, parent, getattr(request, f"{field}_id"))
            message = getattr(request, field)
            self._check_schema(parent, message, f"{kind.type_name}.schema_title")
            return self._present(kind, world.create(kind, parent, name, message))

        return create

    def _get(self, kind: Kind) -> Handler:
        cite = f"Get{kind.type_name}Request.name"
        return lambda request: self._present(kind, self._world.require(kind, request.name, cite))

    def _list(self, kind: Kind) -> Handler:
        response = vendor.message(f"List{kind.type_name}sResponse")

        def listed(request: Any) -> Message:
            fields = self._fields[kind]
            order = [name for name in fields.scalars if name != "state"]
            found, token = self._world.listed(kind, request, fields, _size(request), order=order)
            return response(**{kind.noun: [self._present(kind, item) for item in found]}, next_page_token=token)

        return listed

    def _update(self, kind: Kind) -> Handler:
        field = kind.noun.removesuffix("s")

        def update(request: Any) -> Message:
            world = self._world
            given = getattr(request, field)
            name = kind.checked(given.name, f"Update{kind.type_name}Request.{field}")
            parent = name.rpartition(f"/{kind.noun}/")[0]
            self._check_schema(parent, given, f"{kind.type_name}.schema_title")
            if request.allow_missing and world.store.row(name) is None:
                world.require_parent(kind, parent, f"Update{kind.type_name}Request.{field}")
                world.new_name(kind, parent, name.rpartition("/")[2])
                return self._present(kind, world.create(kind, parent, name, given))
            return self._present(kind, world.update(kind, given, request.update_mask.paths, structs=True))

        return update

    def _delete(self, kind: Kind) -> Handler:
        def delete(request: Any) -> Message:
            self._world.require(kind, request.name, f"Delete{kind.type_name}Request.name")
            if kind is not METADATA_STORE:
                self._world.check_delete_etag(kind, request.name, request.etag)
            return self._operations.begin(f"{_SERVICE}.Delete{kind.type_name}", request, request.name)

        return delete

    def _deleted(self, request: Any) -> Message:
        self._world.store.remove(request.name)
        return empty_pb2.Empty()

    def _purge(self, kind: Kind) -> Handler:
        def purge(request: Any) -> Message:
            self._world.require_parent(kind, request.parent, f"Purge{kind.type_name}sRequest.parent")
            compiled(request.filter, self._fields[kind], self._world.switches)
            return self._operations.begin(f"{_SERVICE}.Purge{kind.type_name}s", request, request.parent)

        return purge

    def _purged(self, kind: Kind) -> Callable[[Any], Message]:
        def purged(request: Any) -> Message:
            world = self._world
            test = compiled(request.filter, self._fields[kind], world.switches)
            rows = world.store.children(request.parent, kind.noun)
            names = [row.name for row in rows if test(kind.message.FromString(row.body))]
            for name in names if request.force else []:
                world.store.remove(name)
            sample = [] if request.force else names[:_PURGE_SAMPLE]
            return vendor.message(f"Purge{kind.type_name}sResponse")(purge_count=len(names), purge_sample=sample)

        return purged

    def _present(self, kind: Kind, message: Any) -> Any:
        if kind is CONTEXT:
            message.parent_contexts[:] = [name for name, _ in self._world.store.sources(CHILD, message.name)]
        return message

    # What lists may be filtered and ordered by: ListContextsRequest.filter and its like

    def _context_fields(self) -> Fields:
        store = self._world.store
        return Fields(
            {**_scalars("name", "display_name", "schema_title"), **_TIMES},
            times=frozenset(_TIMES),
            has={
                "parent_contexts": lambda name: _among(store.targets(CHILD, name)),
                "child_contexts": lambda name: _among(store.sources(CHILD, name)),
            },
            metadata=True,
            negation=False,
        )

    def _node_fields(self, kind: Kind) -> Fields:
        store = self._world.store
        names = ["name", "display_name", "schema_title", *(["uri"] if kind is ARTIFACT else [])]
        states = kind.message.DESCRIPTOR.enum_types_by_name["State"].values_by_number
        state = {"state": lambda item: states[item.state].name}
        return Fields(
            {**_scalars(*names), **state, **_TIMES},
            times=frozenset(_TIMES),
            functions={"in_context": lambda context: _among(store.targets(MEMBER, context))},
            metadata=True,
            negation=False,
        )


def _among(linked: list[tuple[str, bytes]]) -> Callable[[Any], bool]:
    names = {name for name, _ in linked}
    return lambda item: item.name in names


_TIMES = {"create_time": times("create_time"), "update_time": times("update_time")}


def _scalars(*names: str) -> dict[str, Callable[[Any], Any]]:
    return {name: (lambda item, name=name: getattr(item, name)) for name in names}


def _size(request: Any) -> int:
    cite = f"{type(request).DESCRIPTOR.name}.page_size"
    return paging.documented_size(request.page_size, default=100, most=1000, coerce=False, cite=cite)


def _title(schema: str) -> str:
    found = re.search(r"^\s*[\"']?title[\"']?\s*:\s*[\"']?([^\"'\n,]+)", schema, re.MULTILINE)
    if not found:
        raise invalid("The schema states no title.", "MetadataSchema.schema")
    return found[1].strip()
