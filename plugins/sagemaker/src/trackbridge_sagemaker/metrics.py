"""Metrics (M1–M5): segments in the bucket hold every point; SageMaker's own metrics show what they can."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby, pairwise
from operator import itemgetter
from typing import IO, Any, Final, TypeAlias, cast
from uuid import uuid4

from trackbridge.errors import IntegrityError, NotFound, Transient
from trackbridge.protocol import Refused
from trackbridge.records.metrics import MetricPoint, point_key
from trackbridge_sagemaker.documents import Body, Documents
from trackbridge_sagemaker.errors import translated
from trackbridge_sagemaker.foreign import Foreign
from trackbridge_sagemaker.records import Records
from trackbridge_sagemaker.segments import Block, describe, encode, index_of, read_block
from trackbridge_sagemaker.telemetry import Telemetry

__all__ = ["POINTS_PER_WRITE", "Metrics"]

POINTS_PER_WRITE: Final = 100_000
_SMALL_POINTS: Final = 20_000  # a segment of fewer is merged with others once there are
_MANY_SMALL: Final = 16
_IN_MEMORY_BYTES: Final = 32 << 20
_ATTEMPTS: Final = 5

_Part: TypeAlias = tuple[int, int, Block]  # first and last step, and where the points lie


class Metrics:
    """See `trackbridge.protocol.MetricStore`."""

    def __init__(self, documents: Documents, records: Records, foreign: Foreign, telemetry: Telemetry) -> None:
        self._documents = documents
        self._bucket = documents.bucket
        self._records = records
        self._foreign = foreign
        self._telemetry = telemetry

    def write(self, run_id: str, points: Sequence[MetricPoint]) -> tuple[Refused, ...]:
        """Add points to the sets; a point already there is nothing (M2)."""
        if not points:
            return ()
        data, series = encode(points)
        said = describe(data, series)
        name = self._store(run_id, data)
        small = self._records.change(run_id, lambda record: _add(record, name, said))
        if small is None:
            self._bucket.delete(_key(run_id, name))  # the very same segment is there: this was sent before
        elif len(small) >= _MANY_SMALL:
            self._compact(run_id, small)
        self._telemetry.show(run_id, points)
        return ()

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give every point of these metrics, or of all: by name (code points), then in M2 order, never sampled."""
        record = self._records.find(run_id)
        if record is None:
            return self._foreign.points(run_id, names)
        return self._read(run_id, record, None if names is None else set(names))

    def _read(self, run_id: str, record: Body, names: set[str] | None) -> Iterator[MetricPoint]:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
            parts = self._gathered(run_id, record, names, spool)
            for metric in sorted(parts):
                yield from _series(spool, parts[metric])

    def _gathered(self, run_id: str, record: Body, names: set[str] | None, spool: IO[bytes]) -> dict[str, list[_Part]]:
        """Fetch the segments that hold these metrics into a file; others may be merging them meanwhile."""
        for _ in range(_ATTEMPTS):
            spool.seek(0)
            spool.truncate()
            try:
                return self._fetched(run_id, record["segments"], names, spool)
            except NotFound:
                again = self._records.existing(run_id)
                if again["segments"] == record["segments"]:
                    raise IntegrityError(
                        f"a segment of run {run_id} is gone from {self._bucket.uri(_key(run_id, ''))}",
                        clause="M5",
                        remedy="Restore it from a copy of the bucket.",
                    ) from None
                record = again
        raise Transient(f"the segments of run {run_id} kept being merged while they were read", clause="M5")

    def _fetched(self, run_id: str, segments: Body, names: set[str] | None, spool: IO[bytes]) -> dict[str, list[_Part]]:
        parts: dict[str, list[_Part]] = {}
        for name, said in segments.items():
            if names is not None and names.isdisjoint(said["series"]):
                continue
            start = self._fetch(run_id, name, said, spool)
            for block in index_of(cast("Any", spool), start, name):
                if names is None or block.metric in names:
                    _, first, last, *_ = said["series"][block.metric]
                    parts.setdefault(block.metric, []).append((first, last, block))
        return parts

    def _fetch(self, run_id: str, name: str, said: Body, spool: IO[bytes]) -> int:
        """Append a segment to a file, and give where it begins there."""
        start = spool.seek(0, os.SEEK_END)
        found = hashlib.sha256()
        body = self._bucket.stream(_key(run_id, name), f"segment {name} of run {run_id}")
        with translated(self._bucket.uri(_key(run_id, name))):
            while piece := body.read(1 << 20):
                found.update(piece)
                spool.write(piece)
        if found.hexdigest() != said["sha256"]:
            raise IntegrityError(
                f"segment {name} of run {run_id} is not what was stored",
                clause="M5",
                remedy="Restore it from a copy of the bucket.",
            )
        return start

    def _store(self, run_id: str, data: bytes) -> str:
        # Of one content, every sending is an object of its own: a merge may be deleting an earlier one at this moment.
        name = f"{hashlib.sha256(data).hexdigest()[:24]}-{uuid4().hex[:8]}"
        self._bucket.put(_key(run_id, name), data)
        return name

    def _compact(self, run_id: str, names: Sequence[str]) -> None:
        """Merge small segments into one: who reads meanwhile finds either these or that."""
        record = self._records.existing(run_id)
        chosen = {name: record["segments"][name] for name in names if name in record["segments"]}
        if len(chosen) < 2:
            return
        with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as spool:
            try:
                parts = self._fetched(run_id, chosen, None, spool)
            except NotFound:
                return  # somebody else was first
            data, series = encode(point for some in parts.values() for point in _series(spool, some))
        made, said = self._store(run_id, data), describe(data, series)
        replaced = self._records.change(run_id, lambda record: _replace(record, chosen, made, said))
        for name in chosen if replaced else [made]:
            self._bucket.delete(_key(run_id, name))


def _key(run_id: str, name: str) -> str:
    return f"runs/{run_id}/metrics/{name}"


def _add(record: Body, name: str, said: Body) -> list[str] | None:
    """Name a segment in a record; give the names of all small ones, None where the same content is named already."""
    segments = record["segments"]
    if any(there["sha256"] == said["sha256"] for other, there in segments.items() if other != name):
        return None
    segments[name] = said
    return [other for other, there in segments.items() if there["count"] < _SMALL_POINTS]


def _replace(record: Body, chosen: Body, made: str, said: Body) -> bool:
    segments = record["segments"]
    if made in segments:
        return True
    if not chosen.keys() <= segments.keys():
        return False
    for name in chosen:
        del segments[name]
    segments[made] = said
    return True


def _series(spool: IO[bytes], parts: list[_Part]) -> Iterator[MetricPoint]:
    """Give the points of one series; where the steps of its parts follow each other, so are they read."""
    parts = sorted(parts, key=itemgetter(0, 1))
    file = cast("Any", spool)
    if all(after[0] > before[1] for before, after in pairwise(parts)):
        for *_, block in parts:
            yield from read_block(file, block)
        return
    for _, same in groupby(merge(*(read_block(file, block) for *_, block in parts), key=point_key), key=point_key):
        yield next(same)
