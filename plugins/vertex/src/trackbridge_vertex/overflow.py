"""Texts in a context's metadata, which holds 200 KB in all: a larger one is an object, and the metadata names it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Final

from trackbridge.errors import IntegrityError
from trackbridge.records.values import canonical_json
from trackbridge_vertex.names import digest
from trackbridge_vertex.storage import Storage
from trackbridge_vertex.structs import Plain

__all__ = ["ROOM_BYTES", "Overflow", "bytes_of", "fitted"]

ROOM_BYTES: Final = 190_000  # of "200KB": google.cloud.aiplatform_v1.types.Context.metadata

_POINTER: Final = '{"object":'


class Overflow:
    """Keeps texts that are too long, under names of their content."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, folder: str, text: str) -> str:
        """Store a text in a folder; give what the metadata holds in its place."""
        data = text.encode()
        name = f"{folder}/overflow/{digest(text)}"
        self._storage.create(name, data)
        return canonical_json({"object": name})

    def whole(self, text: str) -> str | None:
        """Give the text that the metadata holds or names; None where it was replaced since, so that one must look again.

        Raises:
            IntegrityError: the object is not what was stored.
        """
        if not text.startswith(_POINTER):
            return text
        name = str(json.loads(text)["object"])
        data = self._storage.get(name)
        if data is None:
            return None
        if digest(data.decode()) != name.rpartition("/")[2]:
            raise IntegrityError(f"the object {self._storage.uri(name)} was changed after it was written", clause="X3")
        return data.decode()

    def drop(self, text: str) -> None:
        """Remove what a former text names, if it names anything."""
        if text.startswith(_POINTER):
            self._storage.delete(str(json.loads(text)["object"]))


def bytes_of(value: Any) -> int:
    """Give the size of a value as JSON, which is no less than it has in a Struct."""
    return len(json.dumps(value, ensure_ascii=False).encode())


def fitted(values: Mapping[str, Plain], room_bytes: int) -> dict[str, Plain]:
    """Give as many of the values as fit, in their order."""
    sizes = accumulate(bytes_of(key) + bytes_of(value) + 4 for key, value in values.items())
    return {key: values[key] for key, size in zip(values, sizes, strict=True) if size <= room_bytes}
