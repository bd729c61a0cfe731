"""Artifacts (A1–A5): a run's own, and those of the models that MLflow logged beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, Final, cast

from trackbridge.errors import NotFound
from trackbridge.protocol.streams import Measured
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.errors import translated
from trackbridge_mlflow.finding import Finder
from trackbridge_mlflow.routes import Route, route_to
from trackbridge_mlflow.tree import Tree

__all__ = ["HIDDEN_FOLDER", "Artifacts"]

HIDDEN_FOLDER: Final = ".trackbridge"


class Artifacts:
    """See `trackbridge.protocol.ArtifactStore`.

    MLflow 3 keeps a model that its own client logs outside the run's artifacts, as a LoggedModel; its files are listed
    under the model's name, where MLflow 2 had them.
    """

    def __init__(self, client: Client, finder: Finder) -> None:
        self._client = client
        self._finder = finder
        self._lock = threading.Lock()
        self._routes: dict[str, Route] = {}
        self._tree = Tree()

    def put(self, run_id: str, path: str, content: BinaryIO, *, size: int, sha256: str) -> None:  # noqa: ARG002 - the sidecar keeps it
        """Store the content of one file, replacing what was there (A3)."""
        native = self._finder.natives(run_id)[0]
        route = self.route(native)
        with translated(self._client.address.shown):
            self._tree.check(native, route, path)
            route.put(path, cast("BinaryIO", Measured(content, size)), size)
        self._tree.add(native, path)

    def copy(self, run_id: str, path: str, native: str, folder: str) -> None:
        """Copy what lies at or below a path to a folder of one of MLflow's runs."""
        route = self.route(native)
        for artifact in self.list(run_id, path):
            below = artifact.path.removeprefix(path).strip("/") or path.rpartition("/")[2]
            with self.open(run_id, artifact.path) as content, translated(self._client.address.shown):
                route.put(f"{folder}/{below}", content, artifact.size or 0)

    def list(self, run_id: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        """Give all files at or below `prefix`, a whole path or folder, by path."""
        found: dict[str, int | None] = {}
        for run in self._finder.existing(run_id):
            for mount, route in self._mounts(run):
                below = _below(mount, prefix)
                if below is None:
                    continue
                for path, size in self._run(lambda route=route, below=below: list(route.list(below))):
                    whole = f"{mount}/{path}" if mount else path
                    if not whole.startswith(f"{HIDDEN_FOLDER}/"):
                        found.setdefault(whole, size)
        for path in sorted(found):
            yield ArtifactRecord(path, found[path], None)

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading, from the start; raise `NotFound` where there is none."""
        error: NotFound | None = None
        for run in self._finder.existing(run_id):
            for mount, route in self._mounts(run):
                below = _below(mount, path)
                if below:
                    try:
                        return self._run(partial(route.open, below))  # type: ignore[no-any-return]
                    except NotFound as missing:
                        error = missing
        raise NotFound(f"the run {run_id} has no artifact {path!r}", clause="A2") from error

    def remove_all(self, native: str) -> None:
        """Remove all artifacts of one of MLflow's runs."""
        self._run(self.route(native).remove_all)

    def route(self, native: str) -> Route:
        """Give the way to the artifacts of one of MLflow's runs."""
        with self._lock:
            known = self._routes.get(native)
        return known or self._learn(native, self._client.tracking.get_run(native).info.artifact_uri)

    def begin(self, native: str, root: str) -> None:
        """Hear of a run that was just made: where its artifacts go, and that there are none."""
        self._learn(native, root)
        self._tree.plant(native)

    def _learn(self, key: str, root: str) -> Route:
        route = route_to(root, self._client)
        with self._lock:
            return self._routes.setdefault(key, route)

    def _mounts(self, run: Any) -> Iterator[tuple[str, Route]]:
        yield "", self._routes.get(run.info.run_id) or self._learn(run.info.run_id, run.info.artifact_uri)
        taken: set[str] = set()
        for output in run.outputs.model_outputs if run.outputs else ():
            try:
                model = self._client.tracking.get_logged_model(output.model_id)
            except NotFound:
                continue  # deleted since
            mount = model.name if model.name not in taken else f"{model.name}-{model.model_id}"
            taken.add(mount)
            yield mount, self._routes.get(model.model_id) or self._learn(model.model_id, model.artifact_location)

    def _run(self, act: Any) -> Any:
        with translated(self._client.address.shown):
            return act()


def _below(mount: str, path: str) -> str | None:
    """Give the part of `path` below a mount, "" for all of it; None where the two do not meet."""
    if not mount:
        return path
    if not path or path == mount:
        return ""
    return path.removeprefix(f"{mount}/") if path.startswith(f"{mount}/") else None
