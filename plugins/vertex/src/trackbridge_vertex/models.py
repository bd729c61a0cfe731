"""Models (G1): a record in the staging bucket, and Vertex AI's own model once it has a version, for it has none without.

The record is written only as it was read; what Vertex AI shows of it follows.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from trackbridge.errors import Conflict, NotFound, Rejected, Transient
from trackbridge.protocol import NativeModel
from trackbridge.records.times import now_ms
from trackbridge.records.values import canonical_json
from trackbridge_vertex.client import Client
from trackbridge_vertex.contexts import id_of, time_ms
from trackbridge_vertex.names import DISPLAY_CHARS, model_id

__all__ = ["DELETED_LABEL", "Models", "edited", "swapped"]

DELETED_LABEL: Final = "trackbridge_deleted"

_Result = TypeVar("_Result")

_SHOWN_CHARS: Final = 2_000  # of a description
_PAGE: Final = 100
_PATIENCE_S: Final = 60.0


class Models:
    """Models by our names, those that others made included."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def ensure(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""
        found = self.record(name)
        if found is None and self.foreign(name) is None:
            fields = {"name": name, "created_ms": now_ms()}
            if not self._client.storage.create(record_of(model_id(name)), canonical_json(fields).encode()):
                found = self.record(name)
        if found is not None and found.get("deleted"):
            raise Conflict(f"the model {name!r} was deleted: its name is spent", clause="G1", remedy="Take a new name.")

    def get(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too; None where there is none."""
        found = self.record(name)
        if found is not None:
            return _model(found, self._native(model_id(name)))
        foreign = self.foreign(name)
        return None if foreign is None else _foreign(name, foreign)

    def list(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        found = {one.name: one for one in self._all()}
        yield from (found[name] for name in sorted(found) if not found[name].deleted)

    def _all(self) -> Iterator[NativeModel]:
        natives = {id_of(one.name): one for one in self._natives()}
        for own in self._client.storage.folders("models/"):
            data = self._client.storage.get(record_of(own))
            if data is not None:
                yield _model(json.loads(data), natives.pop(own, None))
        for name, one in _named(natives.values()):
            yield _foreign(name, one)

    def edit(self, name: str, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""

        def change(fields: dict[str, Any]) -> None:
            fields.update(edited(fields, description, tags))

        self.change(name, change)
        if description is not None:
            self._show(self.native_id(name), "description", description[:_SHOWN_CHARS])

    def delete(self, name: str) -> None:
        """Mark it deleted, in a label too."""
        self.change(name, lambda fields: fields.update(deleted=True))
        self._show(self.native_id(name), "labels", {DELETED_LABEL: "true"})

    def change(self, name: str, change: Callable[[dict[str, Any]], _Result]) -> _Result:
        """Change the record of a model until nobody was in between; a foreign model gets one by that.

        Raises:
            NotFound: there is no such model.
        """
        foreign = None if self.record(name) is not None else self.foreign(name)
        if foreign is not None:
            fields = {"name": name, "created_ms": time_ms(foreign.create_time), "native": id_of(foreign.name)}
            self._client.storage.create(record_of(model_id(name)), canonical_json(fields).encode())
        try:
            return swapped(self._client, record_of(model_id(name)), change)
        except NotFound:
            raise NotFound(f"there is no model {name!r} in {self._client.address.shown}", clause="G1") from None

    def record(self, name: str) -> dict[str, Any] | None:
        """Give the record of a model; None where there is none."""
        data = self._client.storage.get(record_of(model_id(name)))
        return None if data is None else dict(json.loads(data))

    def native_id(self, name: str) -> str:
        """Give the id of Vertex AI's model, whether it is there or not.

        Raises:
            NotFound: there is no such model.
        """
        record = self.record(name)
        if record is not None:
            return str(record.get("native", model_id(name)))
        foreign = self.foreign(name)
        if foreign is None:
            raise NotFound(f"there is no model {name!r} in {self._client.address.shown}", clause="G1")
        return id_of(foreign.name)

    def resource(self, native: str) -> str:
        """Give the resource name of one of Vertex AI's models, or of ``ID@VERSION``."""
        return f"{self._client.address.parent}/models/{native}"

    def foreign(self, name: str) -> Any | None:
        """Give Vertex AI's model of this name that has no record of ours; None where there is none."""
        known = set(self._client.storage.folders("models/"))
        return dict(_named(one for one in self._natives() if id_of(one.name) not in known)).get(name)

    def names(self) -> dict[str, str]:
        """Give our names of all models that have a record and are not deleted, by their folders."""
        found = {}
        for own in self._client.storage.folders("models/"):
            data = self._client.storage.get(record_of(own))
            fields = {} if data is None else json.loads(data)
            if fields and not fields.get("deleted"):
                found[own] = str(fields["name"])
        return found

    def _natives(self) -> Iterator[Any]:
        request = self._client.message("ListModelsRequest", parent=self._client.address.parent, page_size=_PAGE)
        yield from self._client.pages(self._client.models, "list_models", request, "models")

    def _native(self, native: str) -> Any | None:
        request = self._client.message("GetModelRequest", name=self.resource(native))
        try:
            return self._client.models("get_model", request)
        except NotFound:
            return None

    def _show(self, native: str, field: str, value: Any) -> None:
        request = self._client.message("UpdateModelRequest")
        request.model.name = self.resource(native)
        if field == "labels":
            request.model.labels.update(value)
        else:
            setattr(request.model, field, value)
        request.update_mask.paths.append(field)
        with suppress(NotFound, Rejected):  # it comes to be with its first version, and takes them then
            self._client.models("update_model", request)


def swapped(client: Client, name: str, change: Callable[[dict[str, Any]], _Result]) -> _Result:
    """Change a JSON object of the bucket until nobody was in between.

    Args:
        client: The client.
        name: The object, which exists.
        change: Changes the fields in place; called again with newer ones, it must then come to the same.

    Raises:
        NotFound: there is no such object.
        Transient: others changed it again and again for a minute.
    """
    deadline = time.monotonic() + _PATIENCE_S
    wait_s = 0.01
    while True:
        found = client.storage.read(name)
        if found is None:
            raise NotFound(f"there is no {client.storage.uri(name)}", clause="G1")
        fields = json.loads(found[0])
        result = change(fields)
        data = canonical_json(fields).encode()
        if data == found[0] or client.storage.swap(name, data, found[1]):
            return result
        if time.monotonic() > deadline:
            raise Transient(f"others keep changing {client.storage.uri(name)}", clause="G5")
        time.sleep(random.uniform(0.0, wait_s))  # noqa: S311 - spreads rivals, is no secret
        wait_s = min(1.0, wait_s * 2)


def edited(fields: Mapping[str, Any], description: str | None, tags: Mapping[str, str | None]) -> dict[str, Any]:
    """Give the description and tags of a record as an edit leaves them."""
    now = {**fields.get("tags", {}), **tags}
    kept = {tag: value for tag, value in now.items() if value is not None}
    return {"description": fields.get("description") if description is None else description, "tags": kept}


def record_of(own: str) -> str:
    """Give where a model's record lies."""
    return f"models/{own}/model.json"


def display_name(name: str) -> str:
    """Give what Vertex AI calls a model."""
    return name[:DISPLAY_CHARS]


def _model(fields: Mapping[str, Any], native: Any | None) -> NativeModel:
    description = fields.get("description")
    if native is not None and native.description != (description or "")[:_SHOWN_CHARS]:
        description = native.description  # somebody changed it
    mirror = fields.get("mirror", {})
    shown = [(mirror["count"], mirror["head"])] if "count" in mirror else []
    shown += [(count, head) for count, head, _ in mirror.get("showing", {}).values()] if shown else []
    return NativeModel(
        name=fields["name"],
        description=description,
        tags=fields.get("tags", {}),
        created_ms=fields["created_ms"],
        deleted=bool(fields.get("deleted")),
        mirrored=min(shown) if shown else None,
    )


def _foreign(name: str, native: Any) -> NativeModel:
    return NativeModel(
        name, native.description or None, dict(native.labels), time_ms(native.create_time), mirrored=None
    )


def _named(natives: Any) -> Iterator[tuple[str, Any]]:
    """Give models of others by their display names; where several share one, the id tells them apart."""
    found = sorted(natives, key=lambda one: (time_ms(one.create_time), one.name))
    counts = Counter(one.display_name for one in found)
    for one in found:
        if DELETED_LABEL not in one.labels:
            single = counts[one.display_name] == 1
            yield (one.display_name if single else f"{one.display_name} ({id_of(one.name)})"), one
