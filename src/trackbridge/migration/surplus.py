"""What no record holds travels as artifacts, below one folder, with a manifest that names each by its declared kind."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Final

from trackbridge.migration.sides import Side
from trackbridge.protocol import SurplusFile, surplus_of
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.names import check_artifact_path
from trackbridge.records.values import canonical_json

__all__ = ["MANIFEST", "SURPLUS_FOLDER", "counted", "record_of", "surplus_files"]

SURPLUS_FOLDER: Final = "trackbridge-surplus/"
MANIFEST: Final = f"{SURPLUS_FOLDER}manifest.json"


def surplus_files(side: Side, run_id: str) -> Iterator[SurplusFile]:
    """Give the surplus of a run under its paths in the target, the manifest last; nothing where there is none."""
    surplus = surplus_of(side.adapter)
    rows: list[tuple[str, str, int, str]] = []
    for file in surplus.of_run(run_id) if surplus else ():
        path = SURPLUS_FOLDER + check_artifact_path(file.path)
        rows.append((file.kind, path, len(file.data), hashlib.sha256(file.data).hexdigest()))
        yield SurplusFile(file.kind, path, file.data)
    if rows and surplus:
        kinds = {kind: surplus.travels[kind] for kind, *_ in rows}
        manifest = canonical_json({"v": 1, "kinds": kinds, "files": sorted(rows)}).encode()
        yield SurplusFile("manifest", MANIFEST, manifest)


def record_of(file: SurplusFile) -> ArtifactRecord:
    """Give what the target must hold of a file: path, size and sha256."""
    return ArtifactRecord(file.path, len(file.data), hashlib.sha256(file.data).hexdigest())


def counted(files: Iterator[SurplusFile] | list[SurplusFile]) -> dict[str, int]:
    """Count surplus by its declared name."""
    return dict(sorted(Counter(file.kind for file in files if file.path != MANIFEST).items()))
