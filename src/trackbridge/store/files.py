"""The files of runs that were read: listed by their true paths, opened with their checksums at hand (A2, E1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import BinaryIO, Final

from trackbridge.protocol import Scope
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.sidecar import ArtifactEntry, merge_artifacts
from trackbridge.store.checked import checked, measured
from trackbridge.store.reading import Reader, Reading

__all__ = ["Files"]

_ENVIRONMENT: Final = "environment/"


class Files:
    """Artifacts and environment files of one backend's runs."""

    def __init__(self, reader: Reader) -> None:
        self._adapter = reader.adapter

    def listed(self, reading: Reading, prefix: str = "") -> list[ArtifactRecord]:
        """Give the artifacts at or below `prefix`, a whole path or folder, by path."""
        entries = _artifact_entries(reading)
        # A path under another native name may lie outside of the native folder of its prefix.
        renamed = any(entry.native_name != entry.name for entry in entries)
        files = merge_artifacts(self._adapter.artifacts.list(reading.id, "" if renamed else prefix), entries)
        return [file for file in files if _is_below(file.path, prefix)] if renamed else files

    def hashed(self, reading: Reading, files: Iterable[ArtifactRecord]) -> list[ArtifactRecord]:
        """Give the same files, sha256 and size known: what the backend does not know is read through."""
        return [file if None not in (file.sha256, file.size) else self._measured(reading, file) for file in files]

    def opened(self, reading: Reading, file: ArtifactRecord) -> BinaryIO:
        """Open an artifact; reading it to its end raises `IntegrityError` where it is not what was listed."""
        natives = {entry.name: entry.native_name for entry in _artifact_entries(reading)}
        stream = self._adapter.artifacts.open(reading.id, natives.get(file.path, file.path))
        return checked(stream, file, reading.id)

    def environment(self, reading: Reading) -> list[ArtifactRecord]:
        """Give the files of the run's environment, which no listing shows (E1)."""
        return [
            ArtifactRecord(path, len(data), hashlib.sha256(data).hexdigest())
            for path, data in self.environment_data(reading).items()
        ]

    def environment_data(self, reading: Reading) -> dict[str, bytes]:
        """Give the same files with what is in them."""
        objects, scope = self._adapter.objects, Scope("run", reading.id)
        names = [info.name for info in objects.list(scope, _ENVIRONMENT)]
        return {name.removeprefix(_ENVIRONMENT): objects.get(scope, name) for name in names}

    def _measured(self, reading: Reading, file: ArtifactRecord) -> ArtifactRecord:
        with self.opened(reading, file) as stream:
            return measured(stream, file.path)


def _artifact_entries(reading: Reading) -> list[ArtifactEntry]:
    return [entry for entry in reading.entries if isinstance(entry, ArtifactEntry)]


def _is_below(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(f"{prefix}/")
