"""Objects of the sidecar (X3): of a run, small ones come along in its record; large ones and a model's lie by themselves."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Final

from trackbridge.errors import NotFound
from trackbridge.protocol import ObjectInfo, Scope
from trackbridge_sagemaker.bucket import Bucket
from trackbridge_sagemaker.documents import Body
from trackbridge_sagemaker.names import digest
from trackbridge_sagemaker.reading import inline
from trackbridge_sagemaker.records import Records, folder_of

__all__ = ["Objects"]

_INLINE_BYTES: Final = 4_096
_INLINE_IN_ALL: Final = 64  # objects; a record is read and written as a whole


class Objects:
    """See `trackbridge.protocol.ObjectStore`."""

    def __init__(self, bucket: Bucket, records: Records) -> None:
        self._bucket = bucket
        self._records = records

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """Store an object; the same name always comes with the same bytes."""
        if scope.kind == "model":
            self._bucket.put(_folder(scope) + name, data)
            return

        small = len(data) <= _INLINE_BYTES and len(self._records.existing(scope.key)["objects"]) < _INLINE_IN_ALL
        if not small:
            self._bucket.put(_folder(scope) + name, data)
        held = base64.b64encode(data).decode() if small else len(data)
        self._records.change(scope.key, lambda record: record["objects"].setdefault(name, held))

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """Give the objects whose name begins with `prefix`, by name."""
        if scope.kind == "model":
            folder = _folder(scope)
            yield from (ObjectInfo(key.removeprefix(folder), size) for key, size in self._bucket.list(folder + prefix))
            return
        for name, held in sorted(self._held(scope).items()):
            if name.startswith(prefix):
                data = inline(held)
                yield ObjectInfo(name, held if data is None else len(data))

    def get(self, scope: Scope, name: str) -> bytes:
        """Give an object's bytes; raise `NotFound` where there is none."""
        if scope.kind == "run":
            held = self._held(scope).get(name)
            data = None if held is None else inline(held)
            if data is not None:
                return data
        found = self._bucket.get(_folder(scope) + name)
        if found is None:
            raise NotFound(f"the {scope.kind} {scope.key!r} has no object {name!r}", clause="X3")
        return found[0]

    def _held(self, scope: Scope) -> Body:
        record = self._records.find(scope.key)
        return {} if record is None else record["objects"]  # a foreign run has none


def _folder(scope: Scope) -> str:
    return f"{folder_of(scope.key)}objects/" if scope.kind == "run" else f"models/{digest(scope.key, 32)}/objects/"
