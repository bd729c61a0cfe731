"""A run that the target has in part: only what is missing there, or differs, is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trackbridge.errors import Conflict
from trackbridge.migration.files import send_files
from trackbridge.migration.loading import send_status
from trackbridge.migration.marks import MARK, Mark, labels_of
from trackbridge.migration.parcel import NAME, Parcel, pieces, small_records
from trackbridge.migration.sides import Side
from trackbridge.protocol import Scope
from trackbridge.records.log import LogRecord
from trackbridge.records.metrics import MetricPoint, point_key
from trackbridge.records.runs import RunRecord
from trackbridge.records.values import same_value
from trackbridge.records.writes import AttributeWrite, TagWrite
from trackbridge.shipping.batches import write_chunks
from trackbridge.sidecar import PointSplitter, split_writes
from trackbridge.store.reading import Reading

__all__ = ["finish_run"]


def finish_run(
    source: Side, target: Side, reading: Reading, there: Reading, mark: Mark | None, *, distrust: bool
) -> Parcel:
    """Send what the target lacks of a run, but for its mark.

    Args:
        source: Where the run comes from.
        target: Where part of it is.
        reading: The run at the source.
        there: The run in the target, not deleted.
        mark: Its mark; with one, and labels as they were left, those that the source has no more are taken away.
        distrust: Read every artifact of the target instead of believing its listing.

    Raises:
        Conflict: that run is deleted in the target.
        TrackbridgeError: one of the two failed.
    """
    if there.native.deleted:
        raise Conflict(
            f"run {reading.id} was deleted in {target.store.url}",
            clause="R7",
            remedy="Restore it there, or purge it, or leave it out.",
        )
    parcel, run, held = Parcel(), reading.merged.run, there.merged.run
    records = small_records(run, parcel.stamps, lambda family, name: _is_missing(run, held, family, name))
    if mark is not None and mark.labels == labels_of(held):
        records += _taken_away(run, held, parcel)
    _write(target, run.id, records, parcel)
    _send_objects(source, target, run.id, parcel)
    _send_points(source, target, reading, there, parcel)
    files = {file.path: file for file in target.files.listed(there)}
    if distrust:
        files = {path: target.read_through(there, file) for path, file in files.items()}
    parcel.listed = source.files.listed(reading)
    send_files(source, target, reading, parcel, there=files, explained={})
    if reading.native.epoch > there.native.epoch:
        target.adapter.runs.claim_epoch(run.id, reading.native.epoch)
    if (run.status, run.ended_ms) != (held.status, held.ended_ms):
        send_status(target, reading, parcel)
    return parcel


def _is_missing(run: RunRecord, held: RunRecord, family: str, name: str) -> bool:
    match family:
        case "params":
            return name not in held.params or not same_value(held.params[name], run.params[name])
        case "tags":
            return held.tags.get(name) != run.tags[name]
        case "attributes" if name == NAME:
            return held.name != run.name
        case "attributes":
            return name not in held.attributes or not same_value(held.attributes[name], run.attributes[name])
    return name not in {repr(dataset) for dataset in held.datasets}


def _taken_away(run: RunRecord, held: RunRecord, parcel: Parcel) -> list[LogRecord]:
    tags = [name for name in held.tags if name not in run.tags and name != MARK]
    attributes = [name for name in held.attributes if name not in run.attributes]
    attributes += [NAME] if run.name is None and held.name is not None else []
    return [
        *(TagWrite(name, None, parcel.stamps.next()) for name in tags),
        *(AttributeWrite(name, None, parcel.stamps.next()) for name in attributes),
    ]


def _write(target: Side, run_id: str, records: list[LogRecord], parcel: Parcel) -> None:
    for chunk in write_chunks(records, target.backend.limits):
        native, entries = split_writes(chunk, target.backend.limits)
        if entries:
            target.adapter.objects.put(Scope("run", run_id), *parcel.sidecar(entries))
        parcel.refused(target.adapter.runs.write(run_id, native))


def _send_objects(source: Side, target: Side, run_id: str, parcel: Parcel) -> None:
    scope = Scope("run", run_id)
    there = {one.path: one for one in target.object_records(scope)}
    for name, data in source.objects(scope):
        parcel.takes(name, data, sent=False)
        if there.get(name) != parcel.objects[-1]:
            target.adapter.objects.put(scope, name, data)
            parcel.sent_files += 1
            parcel.sent_bytes += len(data)


def _send_points(source: Side, target: Side, reading: Reading, there: Reading, parcel: Parcel) -> None:
    limits, scope = target.backend.limits, Scope("run", reading.id)
    splitter = PointSplitter(limits, greatest=_greatest(target, there) if limits.points_per_step != "all" else None)
    points = (point for piece in parcel.measured(source.reader.points(reading)) for point in piece)
    missing = _missing_points(points, target.reader.points(there))
    for piece in pieces(missing, limits.points_per_write):
        native, entries = splitter.split(piece)
        if entries:
            target.adapter.objects.put(scope, *parcel.sidecar(entries))
        if native:
            parcel.refused(target.adapter.metrics.write(reading.id, native))
        parcel.sent_points += len(piece)


def _greatest(target: Side, there: Reading) -> Mapping[str, int]:
    """Give the greatest step of each series, so that none is ever replaced where a step holds one point."""
    return {name: summary.last_step for name, summary in target.reader.record(there).metrics.items()}


def _missing_points(points: Iterator[MetricPoint], there: Iterator[MetricPoint]) -> Iterator[MetricPoint]:
    """Give the points that are not there; both come by name, then in M2 order."""
    other = next(there, None)
    for point in points:
        key = (point[0], *point_key(point))
        while other is not None and (other[0], *point_key(other)) < key:
            other = next(there, None)
        if other is None or (other[0], *point_key(other)) != key:
            yield point
