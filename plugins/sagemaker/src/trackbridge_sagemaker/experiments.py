"""Experiments (R2): SageMaker's own by name, and a document in the bucket with what its fields do not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trackbridge.errors import NotFound, TrackbridgeError
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.names import shown
from trackbridge.records.times import now_ms
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.documents import Body, Documents
from trackbridge_sagemaker.errors import already_exists
from trackbridge_sagemaker.mirror import to_ms
from trackbridge_sagemaker.names import digest, display_name, entity_name, shown_text
from trackbridge_sagemaker.places import Places

__all__ = ["Experiments"]

_FOLDER = "experiments/"
_DESCRIPTION_CHARS = 3_072


class Experiments:
    """See `trackbridge.protocol.ExperimentStore`."""

    def __init__(self, client: Client, documents: Documents, places: Places) -> None:
        self._client = client
        self._documents = documents
        self._places = places
        self._seen: set[str] = set()

    def ensure(self, name: str) -> None:
        """Create the experiment if absent; restore a deleted one."""
        key, native = _key(name), entity_name(name)
        there = self._documents.read(key)
        if there is None:
            self._make(name, native)
            self._places.ensure_first(native)
        self._documents.change(key, _restore, lambda: _new(name, now_ms()))
        self._seen.add(name)

    def require(self, name: str) -> None:
        """Raise `NotFound` where there is no such experiment."""
        if name not in self._seen:
            if self.get(name) is None:
                raise self._missing(name)
            self._seen.add(name)

    def get(self, name: str) -> ExperimentRecord | None:
        """Give an experiment, a deleted one too; None where there is none."""
        held = self._documents.read(_key(name))
        if held is not None:
            return _record(held)
        if entity_name(name) != name:
            return None
        try:
            return _foreign(self._client.call("describe_experiment", ExperimentName=name))
        except NotFound:
            return None

    def list(self) -> Iterator[ExperimentRecord]:
        """Give all that are not deleted, by name."""
        records = [record for record in self._all() if not record.deleted]
        yield from sorted(records, key=lambda record: record.name)

    def edit(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""

        def change(held: Body) -> None:
            if description is not None:
                held["description"] = description
            for tag, value in tags.items():
                if value is None:
                    held["tags"].pop(tag, None)
                else:
                    held["tags"][tag] = value

        self._documents.change(_key(name), change, lambda: self._adopted(name))
        if description is not None:
            text = shown_text(description, _DESCRIPTION_CHARS)
            self._client.call("update_experiment", ExperimentName=entity_name(name), Description=text)

    def delete(self, name: str) -> None:
        """Mark it deleted: SageMaker itself deletes only what is empty."""

        def change(held: Body) -> None:
            held["deleted"] = True

        self._documents.change(_key(name), change, lambda: self._adopted(name))

    def native_names(self, names: tuple[str, ...] | None) -> Iterator[tuple[str, str]]:
        """Give SageMaker's name and the true one of these experiments, deleted ones too; of all for None."""
        if names is not None:
            yield from ((entity_name(name), name) for name in dict.fromkeys(names) if self.get(name) is not None)
            return
        yield from ((entity_name(record.name), record.name) for record in self._all())

    def _all(self) -> Iterator[ExperimentRecord]:
        natives = set()
        for key, _ in self._documents.bucket.list(_FOLDER):
            held = self._documents.read(key) if key.endswith(".json") else None
            if held is not None:
                natives.add(entity_name(held["name"]))
                yield _record(held)
        for found in self._client.pages("list_experiments", "ExperimentSummaries"):
            if found["ExperimentName"].lower() not in natives:
                yield _foreign(found)

    def _make(self, name: str, native: str) -> None:
        try:
            self._client.call("create_experiment", ExperimentName=native, DisplayName=display_name(name))
        except TrackbridgeError as error:
            if not already_exists(error):
                raise

    def _adopted(self, name: str) -> Body:
        found = self.get(name)
        if found is None:
            raise self._missing(name)
        return {**_new(name, found.created_ms), "description": found.description}

    def _missing(self, name: str) -> NotFound:
        return NotFound(f"there is no experiment {shown(name)} in {self._client.address.shown}", clause="R2")


def _key(name: str) -> str:
    return f"{_FOLDER}{digest(name, 32)}.json"


def _new(name: str, created_ms: int) -> Body:
    return {"name": name, "description": None, "tags": {}, "created_ms": created_ms, "deleted": False}


def _restore(held: Body) -> None:
    held["deleted"] = False


def _record(held: Body) -> ExperimentRecord:
    return ExperimentRecord(
        name=held["name"],
        description=held["description"],
        tags=held["tags"],
        created_ms=held["created_ms"],
        deleted=held["deleted"],
    )


def _foreign(found: Mapping[str, Any]) -> ExperimentRecord:
    return ExperimentRecord(
        name=found["ExperimentName"],
        description=found.get("Description") or None,
        created_ms=to_ms(found.get("CreationTime")) or 0,
    )
