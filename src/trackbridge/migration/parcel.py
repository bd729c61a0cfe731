"""What goes to the target for one run, in the target's own form, and the count of what was sent."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, Final

from trackbridge.migration.marks import MARK
from trackbridge.protocol import Refused
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.digests import RunningDigest
from trackbridge.records.ids import new_run_id
from trackbridge.records.log import LoggedParams, LogRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.runs import RunRecord
from trackbridge.records.writes import AttributeWrite, Stamp, TagWrite
from trackbridge.sidecar import Entry, encode_entries, object_name

__all__ = ["NAME", "Parcel", "Stamps", "pieces", "small_records"]

NAME: Final = "name"  # the attribute that is the run's own name
_POINTS: Final = 10_000  # in memory at a time


@dataclass(slots=True)
class Stamps:
    """The stamps of one writer, growing (T1)."""

    writer: str = field(default_factory=new_run_id)
    wall_ns: int = field(default_factory=time.time_ns)
    count: int = 0

    def next(self) -> Stamp:
        """Give one more."""
        self.count += 1
        return Stamp(self.wall_ns, self.writer, self.count)


@dataclass(slots=True)
class Parcel:
    """One run on its way: what was read from the source, what was sent, and what could not be.

    Attributes:
        listed: The artifacts as the source lists them.
        metrics: ``[count, sha256]`` of each series that was read.
        files: The artifacts as they were read.
        objects: The hidden objects, likewise.
        surplus: The files that stand for what no record holds.
        kinds: How many of them, by declared name.
        problems: Sentences about what did not arrive.
    """

    stamps: Stamps = field(default_factory=Stamps)
    listed: list[ArtifactRecord] = field(default_factory=list)
    metrics: dict[str, list[Any]] = field(default_factory=dict)
    files: list[ArtifactRecord] = field(default_factory=list)
    objects: list[ArtifactRecord] = field(default_factory=list)
    surplus: list[ArtifactRecord] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    sent_points: int = 0
    sent_files: int = 0
    sent_bytes: int = 0
    _sidecars: int = 0

    def sidecar(self, entries: Iterable[Entry]) -> tuple[str, bytes]:
        """Give a sidecar object of these entries."""
        data = encode_entries(entries)
        self._sidecars += 1
        return object_name(self.stamps.writer, self._sidecars, data), data

    def takes(self, name: str, data: bytes, *, sent: bool = True) -> None:
        """Note a hidden object that was read, and whether it is sent."""
        self.objects.append(ArtifactRecord(name, len(data), hashlib.sha256(data).hexdigest()))
        if sent:
            self.sent_files += 1
            self.sent_bytes += len(data)

    def refused(self, items: Iterable[Refused]) -> None:
        """Note what the target did not take."""
        self.problems += [f"{one.kind} {one.name!r} was refused: {one.reason} [{one.clause}]" for one in items]

    def measured(self, points: Iterator[MetricPoint]) -> Iterator[Sequence[MetricPoint]]:
        """Cut a stream of points into pieces, and take the digest of each series as it passes."""
        running: dict[str, RunningDigest] = {}
        for piece in pieces(points, _POINTS):
            for name, some in groupby(piece, key=itemgetter(0)):
                running.setdefault(name, RunningDigest()).add(some)
            yield piece
        self.metrics = {name: digest.result() for name, digest in running.items()}


def pieces(points: Iterator[MetricPoint], size: int) -> Iterator[Sequence[MetricPoint]]:
    """Cut a stream into pieces of at most `size`."""
    while piece := tuple(islice(points, size)):
        yield piece


def small_records(run: RunRecord, stamps: Stamps, missing: Callable[[str, str], bool]) -> list[LogRecord]:
    """Give params, tags, attributes and data sets of a run as records to be written.

    Args:
        run: The run as the source has it.
        stamps: The stamps of the writer.
        missing: Given a family and a name, tells whether that is to be written.
    """
    attributes = {**run.attributes, **({} if run.name is None else {NAME: run.name})}
    return [
        LoggedParams({name: value for name, value in run.params.items() if missing("params", name)}),
        *(
            TagWrite(name, text, stamps.next())
            for name, text in run.tags.items()
            if name != MARK and missing("tags", name)
        ),
        *(
            AttributeWrite(name, value, stamps.next())
            for name, value in attributes.items()
            if missing("attributes", name)
        ),
        *(dataset for dataset in run.datasets if missing("datasets", repr(dataset))),
    ]
