"""One writer's records to one run of one backend: batched, idempotent, settled one by one.

The order within a plan is sidecar objects, params, tags and datasets, points, environment files, status, model
versions. An entry of the sidecar applies only to the native value that it names, so that storing it *first* means: a
crash in between leaves an entry that applies to nothing, never a native value without its truth. Artifacts go beside
plans, once theirs has stored their entries; status and model versions are planned when no artifact is left: who reads
that a run has ended finds the whole of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from trackbridge.errors import Rejected, TrackbridgeError
from trackbridge.protocol import Backend, Refused, Scope
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.log import LoggedArtifact, LoggedObject, LoggedParams, LoggedVersion, LogRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import AttributeWrite, RunWrites, StatusWrite, TagWrite
from trackbridge.shipping.batches import Atom, Batch, atoms_of, cut, gather, write_chunks
from trackbridge.shipping.delivery import DeadLetter, Ledger
from trackbridge.shipping.files import open_logged
from trackbridge.shipping.retry import Pace, may_recover, patiently
from trackbridge.shipping.uploads import MOST_ODD
from trackbridge.shipping.versions import Ticket, create_version
from trackbridge.sidecar import Entry, PointSplitter, encode_entries, object_name, split_artifact, split_writes

__all__ = ["Deliverer", "Item", "count_of"]

Item: TypeAlias = MetricPoint | LogRecord


@dataclass(slots=True)
class _Sorted:
    points: list[MetricPoint] = field(default_factory=list)
    changes: list[LogRecord] = field(default_factory=list)
    objects: list[LoggedObject] = field(default_factory=list)
    artifacts: list[LoggedArtifact] = field(default_factory=list)
    statuses: list[StatusWrite] = field(default_factory=list)


def count_of(item: Item) -> int:
    """Give how many records an item counts as: each param of a call, and one of everything else."""
    return len(item.params) if isinstance(item, LoggedParams) else 1


class Deliverer:
    """Turns records into adapter calls; used by one thread at a time.

    Args:
        backend: Where to, opened.
        run_id: The run, which exists there.
        writer: This writer's id, [a-z0-9]: names its sidecar objects.
        ledger: Told what became of everything.
        numbers: Whether this backend gives model versions their numbers; the others take them.
        alone: False for one of several writers to the run, whose points must not replace another's.
        greatest: The greatest native step of each series, for a backend that keeps one point a step.
    """

    def __init__(
        self,
        backend: Backend,
        run_id: str,
        writer: str,
        ledger: Ledger,
        *,
        numbers: bool = True,
        alone: bool = True,
        greatest: Mapping[str, int] | None = None,
    ) -> None:
        self._backend = backend
        self._run_id = run_id
        self._writer = writer
        self._ledger = ledger
        self._numbers = numbers
        self._splitter = PointSplitter(backend.limits, salt="" if alone else writer, greatest=greatest)
        self._pace = Pace(backend.limits.requests_per_s)
        self._batches: deque[Batch] = deque()
        self._versions: deque[Batch] = deque()
        self._objects = 0
        self._size = 0
        self._rejected = 0

    def plan(self, items: Sequence[Item]) -> None:
        """Cut records into calls to the backend's limits; contacts nothing. Of artifacts only what the sidecar keeps."""
        limits = self._backend.limits
        entries: list[Entry] = []
        found = _sorted_out(items)
        batches = []
        for chunk in write_chunks(found.changes, limits):
            writes, more = split_writes(chunk, limits)
            entries += more
            batches.append(Batch("write", atoms_of(writes), self._send_writes))
        native, more = self._splitter.split(found.points)
        entries += more
        batches += [Batch("point", piece, self._send_points) for piece in cut(native, limits.points_per_write)]
        batches += [Batch("object", [record], self._send_object) for record in found.objects]
        for record in found.artifacts:
            entries += self._split(record)[1]
        if found.statuses:
            writes, more = split_writes(RunWrites(status=max(found.statuses, key=lambda write: write.key)), limits)
            entries += more
            batches.append(Batch("write", atoms_of(writes), self._send_writes))
        if entries:
            data = encode_entries(entries)
            named = (object_name(self._writer, self._objects, data), data)
            self._objects += 1
            batches.insert(0, Batch("sidecar", [named], self._send_entries))
        self._batches.extend(batches)
        self._size += sum(count_of(item) for item in items) - len(found.artifacts)

    def upload(self, record: LoggedArtifact) -> None:
        """Send an artifact that was planned; on any thread.

        Raises:
            Rejected: the file is gone, or no longer what it was at the call.
            Exception: what the backend said against it, or how it failed.
        """

        def call() -> None:
            self._pace.wait()
            with open_logged(record) as content:
                path = self._split(record)[0]
                self._backend.adapter.artifacts.put(self._run_id, path, content, size=record.size, sha256=record.sha256)

        patiently(call, self._ledger.retried)

    def expect(self, record: LoggedVersion, ticket: Ticket) -> None:
        """Take on a model version, to be created after all that is planned, as soon as its number is known."""
        self._versions.append(Batch("version", [(record, ticket)], self._send_version))

    def work(self) -> None:
        """Carry out what is planned and possible.

        Raises:
            Exception: the backend failed in a way that may pass; what is left stays planned.
        """
        while batch := self._next():
            try:
                refused = self._send(batch)
            except Exception as error:
                if may_recover(error) and not _is_hopeless(batch, error):
                    raise
                self._batches.popleft()
                self._settle(batch, error)
            else:
                self._batches.popleft()
                for refusal in refused:
                    self._bury(refusal.kind, refusal.name, Rejected(refusal.reason, clause=refusal.clause), 1)

    def _next(self) -> Batch | None:
        if self._batches:
            return self._batches[0]
        if self._size:
            self._ledger.delivered(self._size - self._rejected)
            self._size = self._rejected = 0
        for batch in self._versions:
            _, ticket = batch.items[0]
            if self._numbers or ticket.settled.is_set():
                self._versions.remove(batch)
                self._batches.append(batch)
                self._size = 1
                return batch
        return None

    def _send(self, batch: Batch) -> Iterable[Refused]:
        def call() -> Iterable[Refused]:
            self._pace.wait()
            return batch.send(batch.items)

        return patiently(call, self._ledger.retried)

    def _settle(self, batch: Batch, error: Exception) -> None:
        """Find the item that is to blame where one can be, else give up the batch."""
        one_to_blame = isinstance(error, Rejected) or not isinstance(error, TrackbridgeError)
        if one_to_blame and len(batch.items) > 1:
            self._batches.extendleft(reversed(batch.halves()))
            return
        if not isinstance(error, TrackbridgeError):
            error = Rejected(f"the adapter failed {batch.odd} times: {type(error).__name__}: {error}", clause="X1")
        if batch.kind == "version" and self._numbers:
            batch.items[0][1].fail(error)
        kind, name = _label(batch.kind, batch.items[0])
        self._bury(kind, name, error, len(batch.items))

    def _bury(self, kind: str, name: str, error: TrackbridgeError, count: int) -> None:
        if kind != "sidecar":  # its records count by their native form
            self._rejected += count
        self._ledger.rejected(DeadLetter(kind, name, error.message, error.clause, count), error)

    def _split(self, record: LoggedArtifact) -> tuple[str, list[Entry]]:
        limits = self._backend.limits
        path, entries = split_artifact(record.path, record.size, record.sha256, record.stamp, limits)
        return path, list(entries)

    def _send_writes(self, atoms: Sequence[Atom]) -> Iterable[Refused]:
        return self._backend.adapter.runs.write(self._run_id, gather(atoms))

    def _send_points(self, points: Sequence[MetricPoint]) -> Iterable[Refused]:
        return self._backend.adapter.metrics.write(self._run_id, points)

    def _send_entries(self, objects: Sequence[tuple[str, bytes]]) -> Iterable[Refused]:
        for name, data in objects:
            self._backend.adapter.objects.put(Scope("run", self._run_id), name, data)
        return ()

    def _send_object(self, records: Sequence[LoggedObject]) -> Iterable[Refused]:
        return self._send_entries([(record.name, record.data) for record in records])

    def _send_version(self, versions: Sequence[tuple[LoggedVersion, Ticket]]) -> Iterable[Refused]:
        for record, ticket in versions:
            if self._numbers:
                ticket.give(create_version(self._backend, self._run_id, record, None))
            elif ticket.version is None:
                raise ticket.error or Rejected("the first backend did not take the version", clause="G2")
            else:
                create_version(self._backend, self._run_id, record, ticket.version.number)
        return ()


def _sorted_out(items: Sequence[Item]) -> _Sorted:
    sorted_out = _Sorted()
    for item in items:
        match item:
            case MetricPoint():
                sorted_out.points.append(item)
            case LoggedArtifact():
                sorted_out.artifacts.append(item)
            case LoggedObject():
                sorted_out.objects.append(item)
            case StatusWrite():
                sorted_out.statuses.append(item)
            case _:
                sorted_out.changes.append(item)
    return sorted_out


def _is_hopeless(batch: Batch, error: Exception) -> bool:
    """Tell whether a failure that is none of ours has come too often: an adapter's fault, or content it chokes on."""
    if isinstance(error, TrackbridgeError):
        return False
    batch.odd += 1
    return batch.odd >= MOST_ODD


def _label(kind: str, item: Any) -> tuple[str, str]:
    """Give what a dead letter calls an item of a batch."""
    match item:
        case MetricPoint(name=name):
            return "point", name
        case TagWrite(name=name):
            return "tag", name
        case AttributeWrite(name=name):
            return "attribute", name
        case StatusWrite(status=status):
            return "status", status
        case DatasetRecord(name=name) | LoggedObject(name=name):
            return "dataset" if isinstance(item, DatasetRecord) else kind, name
        case (LoggedVersion(model=model), _):
            return kind, model
        case (str(name), _):
            return "param" if kind == "write" else kind, name
    return kind, ""
