"""Objects of the sidecar (X3): small ones are tags, which come along for free; large ones are hidden artifacts."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from trackbridge.errors import NotFound
from trackbridge.protocol import ObjectInfo, Scope
from trackbridge_mlflow.artifacts import HIDDEN_FOLDER, Artifacts
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.finding import Finder
from trackbridge_mlflow.inline import AWAY, RUN_CHUNK_CHARS, inline_names, object_tags, pointer
from trackbridge_mlflow.models import Models
from trackbridge_mlflow.tags import OBJECT, joined

__all__ = ["INLINE_TAGS", "Objects"]

INLINE_TAGS: Final = 2
_CHUNK_CHARS: Final = 4_900


class Objects:
    """See `trackbridge.protocol.ObjectStore`."""

    def __init__(self, client: Client, finder: Finder, artifacts: Artifacts, models: Models) -> None:
        self._client = client
        self._finder = finder
        self._artifacts = artifacts
        self._models = models

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """Store an object; the same name always comes with the same bytes."""
        if scope.kind == "run":
            self._put_run(scope.key, name, data)
        else:
            self._models.set_tags(scope.key, object_tags(name, data, chars=_CHUNK_CHARS))

    def _put_run(self, run_id: str, name: str, data: bytes) -> None:
        from mlflow.entities import RunTag

        native = self._finder.natives(run_id)[0]
        tags = object_tags(name, data, chars=RUN_CHUNK_CHARS)
        if len(tags) > INLINE_TAGS:
            self._artifacts.put(run_id, f"{HIDDEN_FOLDER}/{name}", io.BytesIO(data), size=len(data), sha256="")
            tags = pointer(name, data)
        self._client.tracking.log_batch(native, [], [], [RunTag(key, value) for key, value in tags.items()])

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """Give the objects whose name begins with `prefix`, by name."""
        found: dict[str, int] = {}
        for tags in self._tags(scope):
            for name, size in inline_names(tags, prefix).items():
                data = None if size is not None else joined(OBJECT + name, tags)
                if size is not None or data is not None:
                    found[name] = size if size is not None else len(data or b"")
        for name in sorted(found):
            yield ObjectInfo(name, found[name])

    def get(self, scope: Scope, name: str) -> bytes:
        """Give an object's bytes; raise `NotFound` where there is none."""
        for tags in self._tags(scope):
            data = joined(OBJECT + name, tags)
            if data is not None:
                return data
            if f"{OBJECT}{name}{AWAY}" in tags:
                with self._artifacts.open(scope.key, f"{HIDDEN_FOLDER}/{name}") as stream:
                    return stream.read()
        raise NotFound(f"the {scope.kind} {scope.key!r} has no object {name!r}", clause="X3")

    def _tags(self, scope: Scope) -> Sequence[Mapping[str, str]]:
        if scope.kind == "run":
            return [run.data.tags for run in self._finder.existing(scope.key)]
        return [self._models.existing(scope.key).tags]
