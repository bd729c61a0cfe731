"""Segments: points of any metrics of one run in one immutable object, the truth of its series (M1–M5).

=======  ==============================================================================================================
bytes    what
=======  ==============================================================================================================
8        ``TBSEG001``
4        length of the index, big-endian
n        the index, JSON: ``[[metric, count, length of its block], …]`` by metric
rest     the blocks, in the order of the index: deflated columns of steps, timestamps in ms and values, big-endian
         int64, int64 and float64, in M2 order, each point once, every NaN 7ff8000000000000
=======  ==============================================================================================================

A run's record names its segments with size, SHA-256 and count, and with the summary of each series in it: an object
that no record names is no part of a run, so that a writer that is killed leaves nothing half.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, starmap
from operator import itemgetter
from typing import Any, BinaryIO, Final

from trackbridge.errors import IntegrityError
from trackbridge.protocol import NativeMetric
from trackbridge.records.metrics import MetricPoint, MetricSummary, point_key, summarize
from trackbridge.records.values import canonical_json, float_hex
from trackbridge_sagemaker.documents import Body

__all__ = ["Block", "describe", "encode", "index_of", "read_block", "summaries_of"]

_MAGIC: Final = b"TBSEG001"
_NAME: Final = itemgetter(0)
_NAN: Final = struct.unpack(">d", bytes.fromhex("7ff8000000000000"))[0]
_READ_POINTS: Final = 8_192


@dataclass(frozen=True, slots=True)
class Block:
    """One series within a segment: where its bytes lie in a file, and how many points they hold."""

    metric: str
    count: int
    offset: int
    length: int


def encode(points: Iterable[MetricPoint]) -> tuple[bytes, dict[str, list[Any]]]:
    """Give a segment's bytes, and of each metric in it what `describe` keeps: count, steps and summary."""
    index, blocks, series = [], [], {}
    for metric, some in groupby(sorted(points, key=_NAME), key=_NAME):
        rows = [point for _, point in sorted({point_key(point): point for point in some}.items())]
        block = zlib.compress(_columns(rows), 6)
        index.append([metric, len(rows), len(block)])
        blocks.append(block)
        summary = summarize(rows)
        assert summary is not None
        series[metric] = [
            summary.count, rows[0].step, summary.last_step, summary.last_timestamp_ms,
            float_hex(summary.last), float_hex(summary.min), float_hex(summary.max),
        ]  # fmt: skip
    head = canonical_json(index).encode()
    return b"".join([_MAGIC, struct.pack(">I", len(head)), head, *blocks]), series


def describe(data: bytes, series: Mapping[str, list[Any]]) -> Body:
    """Give what a record says of a segment."""
    count = sum(one[0] for one in series.values())
    return {"bytes": len(data), "count": count, "series": dict(series), "sha256": hashlib.sha256(data).hexdigest()}


def index_of(file: BinaryIO, start: int, name: str) -> list[Block]:
    """Read the index of a segment.

    Args:
        file: A file that holds it.
        start: Where in the file it begins.
        name: The segment's name, for messages.

    Raises:
        IntegrityError: it is no segment.
    """
    file.seek(start)
    head = file.read(12)
    if head[:8] != _MAGIC or len(head) < 12:
        raise IntegrityError(f"the segment {name} does not begin as one", clause="M5", remedy="Upgrade trackbridge.")
    (length,) = struct.unpack(">I", head[8:])
    offset, blocks = start + 12 + length, []
    for metric, count, size in json.loads(file.read(length)):
        blocks.append(Block(metric, count, offset, size))
        offset += size
    return blocks


def read_block(file: BinaryIO, block: Block) -> Iterator[MetricPoint]:
    """Give the points of one series of a segment, in M2 order; nothing but its columns is held."""
    file.seek(block.offset)
    try:
        data = zlib.decompress(file.read(block.length))
    except zlib.error as error:
        raise IntegrityError(f"a block of metric {block.metric!r} cannot be read: {error}", clause="M5") from error
    if len(data) != 24 * block.count:
        raise IntegrityError(f"a block of metric {block.metric!r} is cut short", clause="M5")
    return _points(block, memoryview(data))


def _points(block: Block, data: memoryview) -> Iterator[MetricPoint]:
    for first in range(0, block.count, _READ_POINTS):
        some = min(_READ_POINTS, block.count - first)
        columns = []
        for i, code in enumerate("qqd"):
            column: array[Any] = array(code)
            start = 8 * (i * block.count + first)
            column.frombytes(data[start : start + 8 * some])
            if sys.byteorder == "little":
                column.byteswap()
            columns.append(column)
        name = block.metric
        yield from starmap(
            lambda step, time, value, name=name: MetricPoint(name, step, time, value), zip(*columns, strict=True)
        )


def _columns(rows: Sequence[MetricPoint]) -> bytes:
    count = len(rows)
    return (
        struct.pack(f">{count}q", *(row.step for row in rows))
        + struct.pack(f">{count}q", *(row.timestamp_ms for row in rows))
        + struct.pack(f">{count}d", *(row.value if row.value == row.value else _NAN for row in rows))
    )


def summaries_of(segments: Iterable[Body]) -> dict[str, MetricSummary | NativeMetric]:
    """Give the summary of each metric of a run (M4).

    Segments overlap where a batch was sent twice, or by several writers: of those whose steps do, the union's count is
    not known without reading.
    """
    series: dict[str, list[list[Any]]] = {}
    for segment in segments:
        for metric, said in segment["series"].items():
            series.setdefault(metric, []).append(said)
    return {metric: _joined(said) for metric, said in series.items()}


def _joined(several: list[list[Any]]) -> MetricSummary | NativeMetric:
    several.sort(key=itemgetter(1, 2))
    union = _summary(several[0])
    disjoint, reached = True, several[0][2]
    for said in several[1:]:
        disjoint, reached = disjoint and said[1] > reached, max(reached, said[2])
        union = union.merged(_summary(said))
    if disjoint:
        return union
    return NativeMetric(union.last, union.last_step, union.last_timestamp_ms, union.min, union.max, None)


def _summary(said: list[Any]) -> MetricSummary:
    count, _, step, time_ms, *values = said
    last, least, greatest = (struct.unpack(">d", bytes.fromhex(text))[0] for text in values)
    return MetricSummary(last, step, time_ms, least, greatest, count)
