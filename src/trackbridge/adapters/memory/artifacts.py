"""Artifacts and objects in memory (A1–A4, X3)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import BinaryIO

from trackbridge.adapters.memory.state import MemoryState
from trackbridge.adapters.refusals import beside_folder, check_content, no_artifact, no_object
from trackbridge.protocol import ObjectInfo, Scope
from trackbridge.records.artifacts import ArtifactRecord

__all__ = ["MemoryArtifacts", "MemoryObjects"]


class MemoryArtifacts:
    """See `trackbridge.protocol.ArtifactStore`."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def put(self, run_id: str, path: str, content: BinaryIO, *, size: int, sha256: str) -> None:
        """Store the content of one file, replacing what was there."""
        data = content.read()
        check_content(path, size, sha256, len(data), hashlib.sha256(data).hexdigest())
        with self._state.held() as state:
            run = state.run(run_id)
            for other in run.artifacts:
                if other.startswith(f"{path}/") or path.startswith(f"{other}/"):
                    raise beside_folder(run_id, path, other)
            run.artifacts[path] = data

    def list(self, run_id: str, prefix: str = "") -> Iterator[ArtifactRecord]:
        """Give all files at or below `prefix`, by path."""
        with self._state.held() as state:
            artifacts = sorted(state.run(run_id).artifacts.items())
        return (
            ArtifactRecord(path, len(data), hashlib.sha256(data).hexdigest())
            for path, data in artifacts
            if not prefix or path == prefix or path.startswith(f"{prefix}/")
        )

    def open(self, run_id: str, path: str) -> BinaryIO:
        """Open a file for reading."""
        with self._state.held() as state:
            artifacts = state.run(run_id).artifacts
            if path not in artifacts:
                raise no_artifact(run_id, path)
            return io.BytesIO(artifacts[path])


class MemoryObjects:
    """See `trackbridge.protocol.ObjectStore`."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """Store an object."""
        with self._state.held() as state:
            if scope.kind == "run":
                state.run(scope.key)
            state.objects.setdefault(scope, {}).setdefault(name, data)

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """Give the objects whose name begins with `prefix`, by name."""
        with self._state.held() as state:
            objects = sorted(state.objects.get(scope, {}).items())
        return (ObjectInfo(name, len(data)) for name, data in objects if name.startswith(prefix))

    def get(self, scope: Scope, name: str) -> bytes:
        """Give an object's bytes."""
        with self._state.held() as state:
            objects = state.objects.get(scope, {})
            if name not in objects:
                raise no_object(scope.kind, scope.key, name)
            return objects[name]
