"""Artifacts (A1–A5): objects in the staging bucket, and for a foreign run what the SDK put elsewhere."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import BinaryIO, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge_vertex.client import Client
from trackbridge_vertex.finding import Finder, Place
from trackbridge_vertex.lineage import Lineage

__all__ = ["Artifacts"]

_SHA256: Final = "sha256"
_RUNS: Final = 200
_PAGE: Final = 100


class Artifacts:
    """See `trackbridge.protocol.ArtifactStore`."""

    def __init__(self, client: Client, finder: Finder, lineage: Lineage) -> None:
        self._client = client
        self._finder = finder
        self._lineage = lineage
        self._lock = threading.Lock()
        self._paths: OrderedDict[str, set[str]] = OrderedDict()

    def put(self, run_id: str, path: str, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store the content of one file, replacing what was there (A3)."""
        place = self._finder.existing(run_id)
        self._check(run_id, path)
        folder = folder_of(run_id)
        self._client.storage.upload(folder + path, content, size=size, metadata={_SHA256: sha256})
        with self._lock:
            self._known(run_id).add(path)
        self._lineage.keep_files(run_id, place, self._client.storage.uri(folder.rstrip("/")))

    def list(self, run_id: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        """Give all files at or below `prefix`, a whole path or folder, by path."""
        place = self._finder.existing(run_id)
        found = {one.path: one for one in self._foreign(run_id, place)}
        folder = folder_of(run_id)
        for each in self._client.storage.find(folder + prefix):
            path = each.name.removeprefix(folder)
            found[path] = ArtifactRecord(path, each.size, each.metadata.get(_SHA256) or None)
        for path in sorted(found):
            if not prefix or path == prefix or path.startswith(f"{prefix}/"):
                yield found[path]

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading, from the start; raise `NotFound` where there is none."""
        place = self._finder.existing(run_id)
        stream = self._client.storage.open(folder_of(run_id) + path)
        if stream is None and not place.context.endswith(run_id):
            mount, _, below = path.partition("/")
            uri = dict(self._mounts(place)).get(mount)
            stream = None if uri is None else self._client.storage.open_uri(f"{uri.rstrip('/')}/{below}")
        if stream is None:
            raise NotFound(f"the run {run_id} has no artifact {path!r}", clause="A2")
        return stream

    def _check(self, run_id: str, path: str) -> None:
        """See that a file never takes a folder's place, nor a folder a file's (A1): a bucket would hold both.

        What another process puts there at the same time is not seen.
        """
        with self._lock:
            known = self._known(run_id)
        if path in known:
            return
        parts = path.split("/")
        above = {"/".join(parts[:n]) for n in range(1, len(parts))} & known
        below = [other for other in known if other.startswith(f"{path}/")]
        if above or below:
            there, kind = (min(above), "a file") if above else (path, "a folder")
            raise Conflict(f"{path!r} cannot be stored: {there!r} is {kind}", clause="A1", remedy="Take another path.")

    def _known(self, run_id: str) -> set[str]:
        known = self._paths.get(run_id)
        if known is None:
            folder = folder_of(run_id)
            known = {found.name.removeprefix(folder) for found in self._client.storage.find(folder)}
            self._paths[run_id] = known
            while len(self._paths) > _RUNS:
                self._paths.popitem(last=False)
        return known

    def _foreign(self, run_id: str, place: Place) -> Iterator[ArtifactRecord]:
        if place.context.endswith(run_id):
            return
        for mount, uri in self._mounts(place):
            for found in self._client.storage.find_uri(uri):
                yield ArtifactRecord(f"{mount}/{found.name}", found.size, None)

    def _mounts(self, place: Place) -> Iterator[tuple[str, str]]:
        """Give name and place of what the SDK attached to a foreign run, such as its models."""
        store = self._client.address.store
        request = self._client.message(
            "ListArtifactsRequest",
            parent=store,
            filter=f'in_context("{store}/contexts/{place.context}")',
            page_size=_PAGE,
            order_by="create_time",
        )
        taken: set[str] = set()
        for artifact in self._client.pages(self._client.metadata, "list_artifacts", request, "artifacts"):
            if not artifact.uri.startswith("gs://") or "/trackbridge/runs/" in artifact.uri:
                continue
            own = artifact.name.rpartition("/")[2]
            mount = (artifact.display_name or own).replace("/", "_")
            mount = mount if mount not in taken else f"{mount}-{own}"
            taken.add(mount)
            yield mount, artifact.uri


def folder_of(run_id: str) -> str:
    """Give where in the bucket the artifacts of a run lie."""
    return f"runs/{run_id}/artifacts/"
