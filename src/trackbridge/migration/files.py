"""The artifacts of a run on their way: one file at a time, whatever its size; what cannot be read is named (A1–A4)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from trackbridge.errors import TrackbridgeError
from trackbridge.migration.parcel import Parcel
from trackbridge.migration.sides import Side
from trackbridge.migration.spool import spooled
from trackbridge.migration.surplus import counted, surplus_files
from trackbridge.protocol import Scope
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.shipping.retry import may_recover
from trackbridge.sidecar import Entry, split_artifact
from trackbridge.store.reading import Reading

__all__ = ["hashed_already", "send_files"]


def send_files(
    source: Side,
    target: Side,
    reading: Reading,
    parcel: Parcel,
    *,
    there: Mapping[str, ArtifactRecord],
    explained: Mapping[str, ArtifactRecord],
) -> None:
    """Send the artifacts of a run, and what of it no record holds.

    Args:
        source: Where they come from.
        target: Where they go.
        reading: The run at the source.
        parcel: Names the files, and notes what was read, sent, and could not be.
        there: What the target has already, by path; a file of that size and sha256 is not sent.
        explained: Files whose sidecar entries are stored, by path.

    Raises:
        TrackbridgeError: one of the two cannot answer now.
    """
    sender = _Sender(target, reading.id, parcel, there, explained)
    for file in parcel.listed:
        known = there.get(file.path)
        if known is not None and known == file and None not in (file.size, file.sha256):
            parcel.files.append(file)
            continue
        try:
            with source.files.opened(reading, file) as stream, spooled(stream, file.path) as (content, read):
                parcel.files.append(read)
                sender.send(content, read)
        except TrackbridgeError as error:
            if may_recover(error):
                raise
            parcel.problems.append(f"artifact {file.path!r} did not arrive: {error}")
    seen = []
    for extra in surplus_files(source, reading.id):
        with spooled(io.BytesIO(extra.data), extra.path) as (content, read):
            parcel.surplus.append(read)
            sender.send(content, read)
            seen.append(extra)
    parcel.kinds = counted(seen)
    sender.explain()


class _Sender:
    def __init__(
        self,
        target: Side,
        run_id: str,
        parcel: Parcel,
        there: Mapping[str, ArtifactRecord],
        explained: Mapping[str, ArtifactRecord],
    ) -> None:
        self._target = target
        self._run_id = run_id
        self._parcel = parcel
        self._there = there
        self._explained = explained
        self._entries: list[Entry] = []

    def send(self, content: BinaryIO, file: ArtifactRecord) -> None:
        if self._there.get(file.path) == file:
            return
        size, sha256 = file.size or 0, file.sha256 or ""
        limits = self._target.backend.limits
        path, entries = split_artifact(file.path, size, sha256, self._parcel.stamps.next(), limits)
        self._target.adapter.artifacts.put(self._run_id, path, content, size=size, sha256=sha256)
        if self._explained.get(file.path) != file:
            self._entries += entries
        self._parcel.sent_files += 1
        self._parcel.sent_bytes += size

    def explain(self) -> None:
        if self._entries:
            name, data = self._parcel.sidecar(self._entries)
            self._target.adapter.objects.put(Scope("run", self._run_id), name, data)


def hashed_already(files: Iterable[ArtifactRecord]) -> dict[str, ArtifactRecord]:
    """Give the files whose size and sha256 the source knows without reading them, by path."""
    return {file.path: file for file in files if None not in (file.size, file.sha256)}
