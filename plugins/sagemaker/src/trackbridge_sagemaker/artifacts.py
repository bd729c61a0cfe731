"""Artifacts (A1–A5): objects below a run's folder; of a foreign run, what its outputs name."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, Final, cast

from trackbridge.errors import Conflict, IntegrityError, NotFound
from trackbridge.protocol.streams import Body, Measured
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge_sagemaker.bucket import Bucket
from trackbridge_sagemaker.errors import translated
from trackbridge_sagemaker.foreign import Foreign
from trackbridge_sagemaker.records import Records, folder_of

__all__ = ["Artifacts"]

_FOLDERS: Final = 2_000


class Artifacts:
    """See `trackbridge.protocol.ArtifactStore`.

    S3 holds `a` beside `a/b`, so that each folder that is written to is listed once, and what is added is remembered;
    what another process puts there at the same moment is not seen.
    """

    def __init__(self, bucket: Bucket, records: Records, foreign: Foreign) -> None:
        self._bucket = bucket
        self._records = records
        self._foreign = foreign
        self._lock = threading.Lock()
        self._folders: OrderedDict[str, dict[str, bool]] = OrderedDict()

    def put(self, run_id: str, path: str, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store the content of one file, replacing what was there (A3)."""
        root = _root(run_id)
        if not self._folders_of(root):
            self._records.existing(run_id)
        self._check(root, path)
        self._bucket.upload(root + path, cast("BinaryIO", Measured(content, size)), size, {"sha256": sha256})
        self._add(root, path)

    def list(self, run_id: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        """Give all files at or below `prefix`, a whole path or folder, by path."""
        root = _root(run_id)
        found = [
            ArtifactRecord(path, size, None)
            for key, size in self._bucket.list(root + prefix)
            if (path := key.removeprefix(root)) and (not prefix or path == prefix or path.startswith(f"{prefix}/"))
        ]
        if not found and self._records.find(run_id) is None:
            found = [one for one in self._elsewhere(run_id) if not prefix or f"{one.path}/".startswith(f"{prefix}/")]
        for record in found:
            if any(part in {"", ".", ".."} for part in record.path.split("/")):
                raise IntegrityError(
                    f"run {run_id} has the artifact {record.path!r}, which leaves its folder", clause="A5"
                )
        yield from sorted(found)

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading, from the start; raise `NotFound` where there is none."""
        what = f"artifact {path!r} of run {run_id}"
        try:
            stream = self._bucket.stream(_root(run_id) + path, what)
        except NotFound:
            if self._records.find(run_id) is not None:
                raise
            stream = self._bucket.elsewhere(self._foreign.artifacts(run_id).get(path, ""), what)
        return io.BufferedReader(Body(stream, partial(translated, what)), 1 << 20)

    def _elsewhere(self, run_id: str) -> Iterator[ArtifactRecord]:
        for name in self._foreign.artifacts(run_id):
            yield ArtifactRecord(name, None, None)

    def _check(self, root: str, path: str) -> None:
        """Raise `Conflict` where a part of the path's folder is a file, or the path itself a folder (A1)."""
        folder, parts = root, path.split("/")
        for i, part in enumerate(parts):
            is_folder = self._entries(folder).get(part)
            if is_folder is None:
                return
            if is_folder == (i == len(parts) - 1):
                there, kind = "/".join(parts[: i + 1]), "a folder" if is_folder else "a file"
                raise Conflict(
                    f"{path!r} cannot be stored: {there!r} is {kind}", clause="A1", remedy="Take another path."
                )
            folder += f"{part}/"

    def _add(self, root: str, path: str) -> None:
        folder, parts = root, path.split("/")
        with self._lock:
            for i, part in enumerate(parts):
                is_folder = i < len(parts) - 1
                known = self._folders.get(folder)
                if known is not None:
                    known[part] = is_folder
                folder += f"{part}/"

    def _entries(self, folder: str) -> dict[str, bool]:
        known = self._folders_of(folder)
        if known is None:
            known = self._bucket.entries(folder)
            with self._lock:
                self._folders[folder] = known
                while len(self._folders) > _FOLDERS:
                    self._folders.popitem(last=False)
        return known

    def _folders_of(self, folder: str) -> dict[str, bool] | None:
        with self._lock:
            return self._folders.get(folder)


def _root(run_id: str) -> str:
    return f"{folder_of(run_id)}artifacts/"
