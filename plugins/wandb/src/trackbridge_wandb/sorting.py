"""All points of a run by name and in M2 order, however many, from rows that hold many metrics each."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby
from typing import IO, Any, Final, TypeAlias

from trackbridge.records.metrics import MetricPoint, value_key

__all__ = ["in_order"]

_Key: TypeAlias = tuple[str, int, int, int]

_POINTS_IN_MEMORY: Final = 200_000
_READ_POINTS: Final = 8_192
_WIDTH: Final = 8  # bytes of each of a point's four numbers


def in_order(points: Iterable[MetricPoint]) -> Iterator[MetricPoint]:
    """Sort points by (name, step, timestamp, value), each once.

    At most 200,000 are held; beyond that sorted pieces wait in a temporary file and are merged.
    """
    held: list[MetricPoint] = []
    with tempfile.TemporaryFile() as spill:
        pieces: list[Iterable[MetricPoint]] = []
        names: list[str] = []
        numbers: dict[str, int] = {}
        for point in points:
            held.append(point)
            if len(held) >= _POINTS_IN_MEMORY:
                held.sort(key=_key)
                for one in held:
                    if one.name not in numbers:
                        numbers[one.name] = len(names)
                        names.append(one.name)
                pieces.append(_spilled(spill, held, numbers, names))
                held = []
        held.sort(key=_key)
        pieces.append(held)
        for _, same in groupby(pieces[0] if len(pieces) == 1 else merge(*pieces, key=_key), key=_key):
            yield next(same)


def _key(point: MetricPoint) -> _Key:
    return point[0], point[1], point[2], value_key(point[3])


def _spilled(
    spill: IO[bytes], points: list[MetricPoint], numbers: dict[str, int], names: list[str]
) -> Iterator[MetricPoint]:
    """Write sorted points to the end of `spill`; give an iterator that reads them back, a little at a time."""
    start = spill.seek(0, 2)
    columns: tuple[tuple[str, Iterable[Any]], ...] = (
        ("q", (numbers[point[0]] for point in points)),
        ("q", (point[1] for point in points)),
        ("q", (point[2] for point in points)),
        ("d", (point[3] for point in points)),
    )
    for code, values in columns:
        array(code, values).tofile(spill)
    return _read_back(spill, start, len(points), names)


def _read_back(spill: IO[bytes], start: int, count: int, names: list[str]) -> Iterator[MetricPoint]:
    for first in range(0, count, _READ_POINTS):
        some = min(_READ_POINTS, count - first)
        columns: list[array[Any]] = []
        for i, code in enumerate("qqqd"):
            spill.seek(start + _WIDTH * (i * count + first))
            column: array[Any] = array(code)
            column.fromfile(spill, some)
            columns.append(column)
        for number, step, time_ms, value in zip(*columns, strict=True):
            yield MetricPoint(names[number], step, time_ms, value)
