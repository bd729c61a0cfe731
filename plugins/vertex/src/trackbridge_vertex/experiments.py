"""Experiments (R2): contexts of the SDK's own kind, under ids that Vertex AI takes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

from trackbridge.errors import NotFound
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.values import canonical_json
from trackbridge_vertex.card import TEXT
from trackbridge_vertex.client import Client
from trackbridge_vertex.contexts import EXPERIMENT_SCHEMA, Contexts, id_of, time_ms
from trackbridge_vertex.names import DISPLAY_CHARS, experiment_id, is_context_id
from trackbridge_vertex.overflow import ROOM_BYTES, Overflow, bytes_of
from trackbridge_vertex.structs import fill, plain_struct, put

__all__ = ["Experiments"]

_SCHEMA_VERSION: Final = "0.0.1"
_DELETED: Final = "experiment_deleted"  # the console filters by it
_TENSORBOARD: Final = "tensorboard_link"  # of an experiment that a training job made for TensorBoard alone
_SHOWN_CHARS: Final = 1_000  # of a description


class Experiments:
    """See `trackbridge.protocol.ExperimentStore`."""

    def __init__(self, client: Client, contexts: Contexts) -> None:
        self._client = client
        self._contexts = contexts
        self._overflow = Overflow(client.storage)
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}

    def ensure(self, name: str) -> None:
        """Create the experiment if absent; restore a deleted one."""
        found = self.find(name)
        if found is None:
            context = self._client.message(
                "Context",
                display_name=name[:DISPLAY_CHARS],
                schema_title=EXPERIMENT_SCHEMA,
                schema_version=_SCHEMA_VERSION,
            )
            fill(context.metadata, {_DELETED: False, TEXT: canonical_json({"name": name})})
            found, _ = self._contexts.create(experiment_id(name), context)
        if plain_struct(found.metadata).get(_DELETED):
            self._change(id_of(found.name), {}, deleted=False)

    def get(self, name: str) -> ExperimentRecord | None:
        """Give an experiment, a deleted one too; None where there is none."""
        found = self.find(name)
        return None if found is None else self._record(found)

    def list(self) -> Iterator[ExperimentRecord]:
        """Give all that are not deleted, by name."""
        records = [self._record(found) for found in self.contexts()]
        yield from sorted((one for one in records if not one.deleted), key=lambda record: record.name)

    def edit(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        changes: dict[str, Any] = {"tags": dict(tags)}
        if description is not None:
            changes["description"] = description
        self._change(self.existing(name), changes)

    def delete(self, name: str) -> None:
        """Mark it deleted, as the console does."""
        self._change(self.existing(name), {}, deleted=True)

    def find(self, name: str) -> Any | None:
        """Give the context of an experiment: its id follows from the name, but the SDK takes some ids that we do not."""
        for candidate in dict.fromkeys((experiment_id(name), name)):
            found = self._contexts.get(candidate) if is_context_id(candidate) else None
            if found is not None and found.schema_title == EXPERIMENT_SCHEMA and self._name(found) == name:
                return found
        return None

    def existing(self, name: str) -> str:
        """Give the id of an experiment's context; raise `NotFound` where there is none."""
        found = self.find(name)
        if found is None:
            raise NotFound(f"there is no experiment {name!r} in {self._client.address.shown}", clause="R2")
        return id_of(found.name)

    def contexts(self) -> Iterator[Any]:
        """Give the contexts of all experiments, deleted ones too."""
        for found in self._contexts.list(f'schema_title="{EXPERIMENT_SCHEMA}"', "create_time"):
            if _TENSORBOARD not in found.metadata.fields:
                self._name(found)
                yield found

    def name_of(self, context_id: str) -> str:
        """Give the name of an experiment by the id of its context."""
        known = self._names.get(context_id)
        if known is None:
            found = self._contexts.get(context_id)
            known = context_id if found is None else self._name(found)
        return known

    def _change(self, context_id: str, changes: Mapping[str, Any], *, deleted: bool | None = None) -> None:
        before = ""

        def change(context: Any) -> tuple[None, list[str]]:
            nonlocal before
            before, fields = self._fields(context)
            tags = {**fields.get("tags", {}), **changes.get("tags", {})}
            fields["tags"] = {tag: value for tag, value in tags.items() if value is not None}
            changed = []
            if "description" in changes:
                fields["description"] = changes["description"]
                context.description = changes["description"][:_SHOWN_CHARS]
                changed.append("description")
            fields.setdefault("name", id_of(context.name))
            text = canonical_json(fields)
            if bytes_of(text) > ROOM_BYTES:
                text = self._overflow.put(f"experiments/{id_of(context.name)}", text)
            altered = put(context.metadata, TEXT, text)
            if deleted is not None:
                altered |= put(context.metadata, _DELETED, deleted)
            return None, [*changed, "metadata"] if altered else changed

        self._contexts.update(context_id, change)
        after = self._contexts.get(context_id)
        if after is not None and after.metadata.fields[TEXT].string_value != before:
            self._overflow.drop(before)

    def _fields(self, context: Any) -> tuple[str, dict[str, Any]]:
        """Give the text that a context holds, and the fields that it stands for."""
        text = context.metadata.fields[TEXT].string_value if TEXT in context.metadata.fields else ""
        whole = self._overflow.whole(text) if text else None
        return text, json.loads(whole) if whole else {}

    def _name(self, context: Any) -> str:
        context_id = id_of(context.name)
        with self._lock:
            known = self._names.get(context_id)
        if known is None:
            known = str(self._fields(context)[1].get("name", context_id))
            with self._lock:
                self._names[context_id] = known
        return known

    def _record(self, context: Any) -> ExperimentRecord:
        fields = self._fields(context)[1]
        description = fields.get("description")
        if context.description != (description or "")[:_SHOWN_CHARS]:
            description = context.description  # somebody changed it
        return ExperimentRecord(
            name=self._name(context),
            description=description,
            tags=fields.get("tags", {}),
            created_ms=time_ms(context.create_time),
            deleted=bool(plain_struct(context.metadata).get(_DELETED)),
        )
