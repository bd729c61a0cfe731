"""Objects in an archive, each in a file of its own that names its hash (X3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from trackbridge.adapters.archive.archive import Archive
from trackbridge.adapters.archive.places import model_folder, object_file, object_name, run_folder
from trackbridge.adapters.archive.runlogs import RunLogs
from trackbridge.adapters.archive.vault import Vault
from trackbridge.adapters.refusals import no_object
from trackbridge.errors import IntegrityError
from trackbridge.protocol import ObjectInfo, Scope

__all__ = ["ArchiveObjects", "object_names"]


class ArchiveObjects:
    """See `trackbridge.protocol.ObjectStore`."""

    def __init__(self, archive: Archive, logs: RunLogs) -> None:
        self._archive = archive
        self._logs = logs

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """Store an object."""
        if scope.kind == "run":
            self._logs.state(scope.key)
        folder, _, rest = name.partition("/")
        self._archive.begin().create(f"{_home(scope)}/objects/{folder}/{object_file(rest, data)}", data)

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """Give the objects whose name begins with `prefix`, by name."""
        vault, home = self._archive.vault, f"{_home(scope)}/objects"
        folder, slash, _ = prefix.partition("/")
        found = {}
        for one in [folder] if slash else vault.folders(home):
            for file, size in sorted(vault.names(f"{home}/{one}").items(), reverse=True):
                found[f"{one}/{object_name(file)[0]}"] = size
        return iter([ObjectInfo(name, size) for name, size in sorted(found.items()) if name.startswith(prefix)])

    def get(self, scope: Scope, name: str) -> bytes:
        """Give an object's bytes."""
        vault, (folder, _, rest) = self._archive.vault, name.partition("/")
        home = f"{_home(scope)}/objects/{folder}"
        for file in sorted(vault.names(home)):
            known, sha256 = object_name(file)
            if known == rest:
                data = vault.read(f"{home}/{file}")
                _check(data, sha256, vault.shown(f"{home}/{file}"))
                return data
        raise no_object(scope.kind, scope.key, name)


def object_names(vault: Vault, home: str, folder: str) -> list[str]:
    """Give the names of the objects in one folder of an entity, sorted."""
    return sorted({f"{folder}/{object_name(file)[0]}" for file in vault.names(f"{home}/objects/{folder}")})


def _home(scope: Scope) -> str:
    return run_folder(scope.key) if scope.kind == "run" else model_folder(scope.key)


def _check(data: bytes, sha256: str, shown: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise IntegrityError(
            f"{shown} is damaged: its sha256 is {found}",
            clause="X3",
            remedy="Restore the file from a copy of the archive.",
        )
