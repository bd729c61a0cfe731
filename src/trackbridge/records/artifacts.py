"""Artifacts as they are listed, and the digest of a folder (A1–A5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from trackbridge.records.values import canonical_json

__all__ = ["ArtifactRecord", "folder_digest"]


@dataclass(frozen=True, slots=True, order=True)
class ArtifactRecord:
    """One artifact of a run (A2): `size` in bytes, `sha256` as hex, both None until somebody read a foreign one."""

    path: str
    size: int | None
    sha256: str | None


def folder_digest(artifacts: Iterable[ArtifactRecord], prefix: str = "") -> str:
    """Give ``sha256:hex`` of the canonical sorted ``[path, size, sha256]`` list of a folder.

    Args:
        artifacts: Records with size and sha256 known.
        prefix: The folder; paths are taken relative to it. A single file of that very path is itself the folder.
    """
    rows = []
    for artifact in artifacts:
        if artifact.path == prefix:
            rows.append([artifact.path.rpartition("/")[2], artifact.size, artifact.sha256])
        elif not prefix or artifact.path.startswith(f"{prefix}/"):
            rows.append(
                [artifact.path.removeprefix(f"{prefix}/") if prefix else artifact.path, artifact.size, artifact.sha256]
            )
    return "sha256:" + hashlib.sha256(canonical_json(sorted(rows, key=lambda row: str(row[0]))).encode()).hexdigest()
