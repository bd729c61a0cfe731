"""Points in columns: 24 bytes each before compression, so that 10^5 of them are a small object (X3)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from trackbridge.errors import IntegrityError
from trackbridge.records.metrics import MetricPoint, point_key

__all__ = ["pack_points", "unpack_points"]


def pack_points(points: Iterable[MetricPoint]) -> bytes:
    """Pack the points of one series: its set in M2 order, as big-endian steps, timestamps and values, deflated."""
    rows = [point for _, point in sorted({point_key(point): point for point in points}.items())]
    count = len(rows)
    steps = struct.pack(f">{count}q", *(point.step for point in rows))
    times = struct.pack(f">{count}q", *(point.timestamp_ms for point in rows))
    values = struct.pack(f">{count}d", *(point.value for point in rows))
    return zlib.compress(steps + times + values)


def unpack_points(name: str, columns: bytes) -> Iterator[MetricPoint]:
    """Give the points of the series `name` in M2 order; raise `IntegrityError` where the columns are damaged."""
    try:
        data = zlib.decompress(columns)
    except zlib.error as error:
        raise IntegrityError(f"the extra points of metric {name!r} cannot be read: {error}", clause="X3") from error
    count, rest = divmod(len(data), 24)
    if rest:
        raise IntegrityError(f"the extra points of metric {name!r} are cut short", clause="X3")
    steps, times, values = (struct.unpack_from(f">{count}{code}", data, 8 * count * i) for i, code in enumerate("qqd"))
    return map(MetricPoint, [name] * count, steps, times, values)
