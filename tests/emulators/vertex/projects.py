"""Projects have an id and a number; requests may use either, and answers use the number."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from emulators.vertex import vendor
from emulators.vertex.names import location_of
from emulators.vertex.store import Store

_NAME = re.compile(r"\bprojects/([^/]+)(?=/locations/)")
# The fields of requests and answers that hold resource names, or filters with names in them; all else is the user's text.
_NAMES = frozenset(
    (
        *("name", "parent", "filter", "purge_sample"),
        *("context", "artifact", "execution", "artifacts", "executions", "child_contexts", "parent_contexts"),
        *("tensorboard", "tensorboard_experiment", "tensorboard_run", "tensorboard_time_series", "time_series"),
        *("model", "parent_model", "metadata_artifact"),
    )
)
_NAMELESS = frozenset(
    (
        *("google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.Timestamp"),
        *("google.cloud.aiplatform.v1.TimeSeriesData", "google.cloud.aiplatform.v1.ModelContainerSpec"),
    )
)


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
        found = _NAME.search(text)
        return self._identify(found[1]) if found else ""

    def numbered(self, message: Message) -> None:
        """Name projects by number, in all names of an answer."""
        _rewrite(message, lambda text: _NAME.sub(lambda found: f"projects/{self._number(found[1])}", text))

    def identified(self, message: Message) -> None:
        """Name projects by id, in all names of a request, those in its filter included."""
        _rewrite(message, lambda text: _NAME.sub(lambda found: f"projects/{self._identify(found[1])}", text))

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


def _rewrite(message: Message, change: Callable[[str], str]) -> None:
    for field, value in message.ListFields():
        if field.type == field.TYPE_STRING and field.name in _NAMES:
            if field.is_repeated:
                value[:] = [change(item) for item in value]
            else:
                setattr(message, field.name, change(value))
        elif field.type == field.TYPE_MESSAGE and not field.message_type.GetOptions().map_entry:
            for item in value if field.is_repeated else [value]:
                _rewrite_part(item, change)


def _rewrite_part(part: Any, change: Callable[[str], str]) -> None:
    name = part.DESCRIPTOR.full_name
    if name in _NAMELESS:
        return
    if name != "google.protobuf.Any":
        _rewrite(part, change)
        return
    inner = vendor.unpack(part)
    if inner is not None:
        _rewrite(inner, change)
        part.Pack(inner)
