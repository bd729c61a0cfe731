"""A run in the form that two backends are compared in: the canonical one, and what a move must keep beside it (C1).

Beside the canonical form stand the hidden objects that are not of the environment, such as the reports of gates, and
whether the run is deleted.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from trackbridge.errors import TrackbridgeError
from trackbridge.migration.sides import ENVIRONMENT, Side
from trackbridge.migration.surplus import SURPLUS_FOLDER, counted, record_of, surplus_files
from trackbridge.protocol import Scope
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.digests import assemble_run, digest, series_digest
from trackbridge.records.values import canonical_json
from trackbridge.shipping.retry import may_recover
from trackbridge.store.reading import Reading, by_name

__all__ = ["RunForm", "read_back", "read_form", "run_form"]


@dataclass(frozen=True, slots=True)
class RunForm:
    """A run to be compared: `canonical` is the text that C1 hashes, `text` the same with what stands beside it.

    `kinds` counts what of it no record holds, by declared name, where that is known.
    """

    canonical: str
    text: str
    kinds: dict[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The run's digest (C1)."""
        return digest(self.canonical)


def run_form(
    reading: Reading,
    metrics: dict[str, list[Any]],
    files: Iterable[ArtifactRecord],
    objects: Iterable[ArtifactRecord],
    surplus: Iterable[ArtifactRecord] = (),
) -> RunForm:
    """Put the form of a run together.

    Args:
        reading: The run.
        metrics: ``[count, sha256]`` of each series.
        files: Its artifacts, size and sha256 known.
        objects: All its hidden objects but the sidecar's.
        surplus: The files that stand for what no record holds.
    """
    environment, beside = [], []
    for one in objects:
        if one.path.startswith(ENVIRONMENT):
            environment.append(ArtifactRecord(one.path.removeprefix(ENVIRONMENT), one.size, one.sha256))
        else:
            beside.append([one.path, one.size, one.sha256])
    known = {name: found for name, found in metrics.items() if found[0]}
    canonical = assemble_run(reading.merged.run, known, files, environment)
    extra: dict[str, Any] = {}
    if beside:
        extra["objects"] = sorted(beside)
    if rest := [[one.path, one.size, one.sha256] for one in sorted(surplus)]:
        extra["surplus"] = rest
    if reading.native.deleted:
        extra["deleted"] = True
    return RunForm(canonical, canonical_json({**json.loads(canonical), **extra}) if extra else canonical)


def read_form(side: Side, reading: Reading) -> RunForm:
    """Read a run of the source through, points and bytes, and give its form."""
    files = [_hashed(side, reading, file) for file in side.files.listed(reading)]
    objects = side.object_records(Scope("run", reading.id))
    extra = list(surplus_files(side, reading.id))
    form = run_form(reading, _series(side, reading), files, objects, map(record_of, extra))
    return replace(form, kinds=counted(extra))


def read_back(side: Side, reading: Reading, artifacts: Container[str]) -> RunForm:
    """Read a run of the target through, points and bytes; nothing of it is taken on trust.

    Args:
        side: The target.
        reading: The run.
        artifacts: Paths of the source's artifacts. What else lies in the folder of a migration's own files is surplus.
    """
    files: list[ArtifactRecord] = []
    surplus: list[ArtifactRecord] = []
    for file in side.files.listed(reading):
        own = file.path.startswith(SURPLUS_FOLDER) and file.path not in artifacts
        (surplus if own else files).append(_hashed(side, reading, file))
    objects = side.object_records(Scope("run", reading.id))
    return run_form(reading, _series(side, reading), files, objects, surplus)


def _series(side: Side, reading: Reading) -> dict[str, list[Any]]:
    return {name: series_digest(points) for name, points in by_name(side.reader.points(reading))}


def _hashed(side: Side, reading: Reading, file: ArtifactRecord) -> ArtifactRecord:
    """Read a file; one that cannot be read shows as such in the form."""
    try:
        return side.read_through(reading, file)
    except TrackbridgeError as error:
        if may_recover(error):
            raise
        return ArtifactRecord(file.path, file.size, f"cannot be read: {error.message}")
