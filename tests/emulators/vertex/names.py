"""Resource names: their patterns, ids, and projects by number.

The patterns are those of the vendor's HTTP routes (``rest_base``): ``projects/*/locations/*/…``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from emulators.vertex import vendor
from emulators.vertex.errors import invalid
from emulators.vertex.store import Store

LOCATION = r"projects/[a-z0-9:.-]+/locations/[a-z0-9-]+"
_PROJECT = re.compile(r"projects/(\d+)(?=/)")
_PROJECT_START = re.compile(r"projects/([^/]+)(?=/)")


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of resource: where its names lie, its type, and what its ids look like."""

    noun: str
    type_name: str
    parent: Kind | None = None
    id_pattern: str = r"[^/]+"
    id_cite: str = ""

    @property
    def message(self) -> Any:
        """The raw protobuf class."""
        return vendor.message(self.type_name)

    @property
    def parent_pattern(self) -> str:
        """What names of parents match."""
        return self.parent.pattern if self.parent else LOCATION

    @property
    def pattern(self) -> str:
        """What names of this kind match."""
        return rf"{self.parent_pattern}/{self.noun}/[^/:]+"

    def checked(self, name: str, cite: str) -> str:
        """Give a name of this kind back, or refuse it."""
        if not re.fullmatch(self.pattern, name):
            raise invalid(f"Invalid resource name {name!r}: it does not match {self.pattern}.", cite)
        return name

    def checked_parent(self, name: str, cite: str) -> str:
        """Give the name of a parent back, or refuse it."""
        if not re.fullmatch(self.parent_pattern, name):
            raise invalid(f"Invalid parent {name!r}: it does not match {self.parent_pattern}.", cite)
        return name


_METADATA_ID = r"[a-z0-9][a-z0-9-]{3,127}"  # "4-128 characters … /[a-z][0-9]-/"
_TENSORBOARD_ID = r"[a-z0-9][a-z0-9-]{0,127}"  # "1-128 characters … /[a-z][0-9]-/"

METADATA_STORE = Kind(
    "metadataStores", "MetadataStore", None, _METADATA_ID, "CreateMetadataStoreRequest.metadata_store_id"
)
ARTIFACT = Kind("artifacts", "Artifact", METADATA_STORE, _METADATA_ID, "CreateArtifactRequest.artifact_id")
CONTEXT = Kind("contexts", "Context", METADATA_STORE, _METADATA_ID, "CreateContextRequest.context_id")
EXECUTION = Kind("executions", "Execution", METADATA_STORE, _METADATA_ID, "CreateExecutionRequest.execution_id")
SCHEMA = Kind(
    "metadataSchemas", "MetadataSchema", METADATA_STORE, _METADATA_ID, "CreateMetadataSchemaRequest.metadata_schema_id"
)
TENSORBOARD = Kind("tensorboards", "Tensorboard")
EXPERIMENT = Kind(
    "experiments",
    "TensorboardExperiment",
    TENSORBOARD,
    _TENSORBOARD_ID,
    "CreateTensorboardExperimentRequest.tensorboard_experiment_id",
)
RUN = Kind("runs", "TensorboardRun", EXPERIMENT, _TENSORBOARD_ID, "CreateTensorboardRunRequest.tensorboard_run_id")
TIME_SERIES = Kind(
    "timeSeries",
    "TensorboardTimeSeries",
    RUN,
    _TENSORBOARD_ID,
    "CreateTensorboardTimeSeriesRequest.tensorboard_time_series_id",
)
MODEL = Kind("models", "Model", None, r"[a-z_][a-z0-9_-]{0,62}", "UploadModelRequest.model_id")


def location_of(name: str) -> str:
    """Give the location that a resource lies in."""
    return "/".join(name.split("/")[:4])


class Projects:
    """Projects have an id and a number; requests may use either, and answers use the number."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, request: Any) -> str:
        """Give the id of the project that a request is about, or nothing."""
        return self.in_path(_subject(request))

    def region(self, request: Any) -> str:
        """Give the project and region that a request is about, or nothing."""
        return location_of(_subject(request))

    def in_path(self, text: str) -> str:
        """Give the id of the project that a path names, or nothing."""
        found = re.search(r"projects/([^/]+)", text)
        return self._identify(found[1]) if found else ""

    def numbered(self, message: Message) -> None:
        """Name projects by number, everywhere in an answer."""
        _rewrite(message, lambda text: _PROJECT_START.sub(lambda found: f"projects/{self._number(found[1])}", text, 1))

    def identified(self, message: Message) -> None:
        """Name projects by id, everywhere in a request, filters included."""
        _rewrite(message, lambda text: _PROJECT.sub(lambda found: f"projects/{self._identify(found[1])}", text))

    def _number(self, project: str) -> str:
        if project.isdigit():
            return project
        proposed = str(10**11 + int.from_bytes(hashlib.sha256(project.encode()).digest()[:4], "big"))
        return self._store.project_number(project, proposed)

    def _identify(self, number: str) -> str:
        return (self._store.project_id(number) if number.isdigit() else None) or number


def _subject(request: Any) -> str:
    for field, value in request.ListFields():
        if field.is_repeated:
            continue
        name = value if field.type == field.TYPE_STRING else getattr(value, "name", "")
        if isinstance(name, str) and name.startswith("projects/"):
            return name
    return ""


_NAMELESS = {"google.protobuf.Struct", "google.protobuf.Timestamp", "google.cloud.aiplatform.v1.TimeSeriesData"}


def _rewrite(message: Message, change: Any) -> None:
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING and not field.is_repeated:
            if "projects/" in value:
                setattr(message, field.name, change(value))
        elif field.type == field.TYPE_STRING:
            value[:] = [change(item) for item in value]
        elif field.type == field.TYPE_MESSAGE and field.message_type.full_name not in _NAMELESS:
            if field.message_type.GetOptions().map_entry:
                continue
            if field.message_type.full_name == "google.protobuf.Any":
                _rewrite_any(value, change)
                continue
            for item in value if field.is_repeated else [value]:
                _rewrite(item, change)


def _rewrite_any(packed: Any, change: Any) -> None:
    inner = vendor.unpack(packed)
    if inner is not None:
        _rewrite(inner, change)
        packed.Pack(inner)
