"""The canonical form of a run, streamed from its backend (C1, C2)."""

from __future__ import annotations

import hashlib

from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.digests import canonical_content, canonical_run, stable_mlmodel
from trackbridge.store.files import Files
from trackbridge.store.reading import Reader, Reading, by_name

__all__ = ["canonical_form"]


def canonical_form(reader: Reader, files: Files, reading: Reading, *, content: bool) -> str:
    """Give the canonical form of a run; its points pass through, and are never all in memory.

    Args:
        reader: Where the points come from.
        files: Where the files come from; those without a known sha256 are read.
        reading: The run.
        content: Give the form of what a deterministic script logs, alike on any backend at any time (C2).
    """
    series = by_name(reader.points(reading))
    listed = files.listed(reading)
    if not content:
        return canonical_run(reading.merged.run, series, files.hashed(reading, listed), files.environment(reading))
    stable = [_stable(files, reading, file) for file in listed if _is_mlmodel(file)]
    others = files.hashed(reading, (file for file in listed if not _is_mlmodel(file)))
    return canonical_content(reading.merged.run, series, [*stable, *others])


def _is_mlmodel(file: ArtifactRecord) -> bool:
    return file.path.rpartition("/")[2] == "MLmodel"


def _stable(files: Files, reading: Reading, file: ArtifactRecord) -> ArtifactRecord:
    with files.opened(reading, file) as stream:
        content = stable_mlmodel(stream.read())
    return ArtifactRecord(file.path, len(content), hashlib.sha256(content).hexdigest())
