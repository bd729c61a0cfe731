"""A run that the target does not have: loaded at once, by the protocol's bulk write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackbridge.migration.files import hashed_already, send_files
from trackbridge.migration.parcel import Parcel, small_records
from trackbridge.migration.sides import Side
from trackbridge.protocol import Scope
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites, StatusWrite
from trackbridge.shipping.batches import write_chunks
from trackbridge.sidecar import Entry, PointSplitter, split_artifact, split_writes
from trackbridge.store.reading import Reading

__all__ = ["load_run", "send_status"]


def load_run(source: Side, target: Side, reading: Reading) -> Parcel:
    """Create a run in the target with all that it has, but for its mark.

    Raises:
        TrackbridgeError: one of the two failed; what was written stays, and is finished later.
    """
    parcel, run, limits = Parcel(), reading.merged.run, target.backend.limits
    records = small_records(run, parcel.stamps, lambda *_: True)
    chunks, entries = [], list[Entry]()
    for chunk in write_chunks(records, limits):
        native, more = split_writes(chunk, limits)
        chunks.append(native)
        entries += more
    parcel.listed = source.files.listed(reading)
    explained = hashed_already(parcel.listed)
    for file in explained.values():
        entries += split_artifact(file.path, file.size or 0, file.sha256 or "", parcel.stamps.next(), limits)[1]
    status, more = _status(target, reading, parcel)
    first, entries = chunks[0] if chunks else RunWrites(), [*entries, *more]
    header = RunHeader(run.id, run.experiment, run.started_ms, run.parent)
    target.ensure_experiment(run.experiment)
    refused = target.adapter.bulk.load(
        header,
        first,
        _points(source, target, reading, parcel),
        objects=_objects(source, reading, parcel, entries),
    )
    parcel.refused(refused)
    for native in chunks[1:]:
        parcel.refused(target.adapter.runs.write(run.id, native))
    send_files(source, target, reading, parcel, there={}, explained=explained)
    if reading.native.epoch:
        target.adapter.runs.claim_epoch(run.id, reading.native.epoch)
    if status:
        parcel.refused(target.adapter.runs.write(run.id, status))
    return parcel


def send_status(target: Side, reading: Reading, parcel: Parcel) -> None:
    """Write the status and the end time of a run that is there already."""
    status, entries = _status(target, reading, parcel)
    if entries:
        target.adapter.objects.put(Scope("run", reading.id), *parcel.sidecar(entries))
    if status:
        parcel.refused(target.adapter.runs.write(reading.id, status))


def _status(target: Side, reading: Reading, parcel: Parcel) -> tuple[RunWrites, tuple[Entry, ...]]:
    """Give the write of the status; none for a run that has not ended, which is RUNNING as it was born."""
    run = reading.merged.run
    if run.status == "RUNNING":
        return RunWrites(), ()
    status = StatusWrite(reading.native.epoch, run.status, run.ended_ms, parcel.stamps.next())
    return split_writes(RunWrites(status=status), target.backend.limits)


def _objects(source: Side, reading: Reading, parcel: Parcel, entries: list[Entry]) -> Iterator[tuple[str, bytes]]:
    if entries:
        yield parcel.sidecar(entries)
    for name, data in source.objects(Scope("run", reading.id)):
        parcel.takes(name, data)
        yield name, data


def _points(source: Side, target: Side, reading: Reading, parcel: Parcel) -> Iterator[Sequence[MetricPoint]]:
    splitter, scope = PointSplitter(target.backend.limits), Scope("run", reading.id)
    for piece in parcel.measured(source.reader.points(reading)):
        native, entries = splitter.split(piece)
        if entries:
            target.adapter.objects.put(scope, *parcel.sidecar(entries))
        parcel.sent_points += len(piece)
        yield native
