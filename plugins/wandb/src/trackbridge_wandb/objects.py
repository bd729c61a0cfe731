"""Objects beside a run or a model (X3): small ones lie in a run's config, and come along for free; others are files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trackbridge.errors import NotFound
from trackbridge.protocol import ObjectInfo, Scope
from trackbridge_wandb.address import LEDGER
from trackbridge_wandb.artifacts import HIDDEN_FOLDER
from trackbridge_wandb.document import Document
from trackbridge_wandb.files import Files
from trackbridge_wandb.finding import Finder
from trackbridge_wandb.naming import key_of
from trackbridge_wandb.streams import Streams

__all__ = ["Objects", "model_run"]

_SIDECAR: Final = "sidecar/"


class Objects:
    """See `trackbridge.protocol.ObjectStore`."""

    def __init__(self, finder: Finder, streams: Streams, files: Files) -> None:
        self._finder = finder
        self._streams = streams
        self._files = files

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """Store an object; the same name always comes with the same bytes."""
        if scope.kind == "model":
            self._files.put(LEDGER, model_run(scope.key), _path(name), data, len(data))
            return
        if not name.startswith(_SIDECAR):
            project, run = self._finder.place(scope.key)
            self._files.put(project, run, _path(name), data, len(data))
            return
        with self._streams.writing(scope.key, brief=True) as stream:
            document, _ = self._streams.document(stream)
            if name in document.objects:
                return
            away = not document.has_room(data)
            if away:
                self._files.put(stream.project, stream.name, _path(name), data, len(data))
            document.add_object(name, data, away=away)
            self._streams.store(stream, document, released=stream.brief)

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """Give the objects whose name begins with `prefix`, by name."""
        found: dict[str, ObjectInfo] = {}
        for project, run, document in self._runs(scope):
            found |= document.object_infos(prefix)
            if not prefix.startswith(_SIDECAR):
                for file in self._files.list(project, run, _path(prefix)):
                    name = file["name"].removeprefix(f"{HIDDEN_FOLDER}/")
                    if not name.startswith(_SIDECAR):
                        found[name] = ObjectInfo(name, int(file["sizeBytes"]))
        for name in sorted(found):
            yield found[name]

    def get(self, scope: Scope, name: str) -> bytes:
        """Give an object's bytes; raise `NotFound` where there is none."""
        for project, run, document in self._runs(scope):
            if name in document.objects and (data := document.inline(name)) is not None:
                return data
            found = self._files.find(project, run, [_path(name)]).get(_path(name))
            if found is not None:
                with self._files.download(found) as content:
                    return content.read()
        raise NotFound(f"the {scope.kind} {scope.key!r} has no object {name!r}", clause="X3")

    def _runs(self, scope: Scope) -> Iterator[tuple[str, str, Document]]:
        if scope.kind == "model":
            yield LEDGER, model_run(scope.key), Document(None)
            return
        for native in self._finder.existing(scope.key):
            yield native["project_name"], native["name"], Document(native["config"])


def model_run(model: str) -> str:
    """Give the name of the ledger's run for a model."""
    return key_of("model", model)


def _path(name: str) -> str:
    return f"{HIDDEN_FOLDER}/{name}"
