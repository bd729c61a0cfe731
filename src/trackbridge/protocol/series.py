"""A series in M2 order, however long, from pages in whatever order a vendor gives them."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby, starmap
from typing import IO, Any, Final, TypeAlias

from trackbridge.records.metrics import MetricPoint, value_key

__all__ = ["Row", "in_order", "points_of"]

Row: TypeAlias = tuple[int, int, float]  # step, timestamp in ms, value

_ROWS_IN_MEMORY: Final = 200_000
_READ_ROWS: Final = 8_192


def in_order(pages: Iterable[list[Row]]) -> Iterator[Row]:
    """Sort rows by (step, timestamp, value), each once.

    Pages are sorted one by one. Where they follow each other, as they do when time and step grow together, they are
    read in their order; else merged. Beyond 200,000 rows they wait in a temporary file, so that memory stays bounded.
    """
    with tempfile.TemporaryFile() as spill:
        runs: list[Iterable[Row]] = []
        kept = 0
        follows, last = True, None
        for page in pages:
            page.sort(key=_key)
            if not page:
                continue
            follows = follows and (last is None or last < _key(page[0]))
            last = _key(page[-1])
            if kept + len(page) <= _ROWS_IN_MEMORY:
                kept += len(page)
                runs.append(page)
            else:
                runs.append(_spilled(spill, page))
        if follows:
            for run in runs:
                yield from _once(run)
        else:
            yield from _once(merge(*runs, key=_key))


def points_of(name: str, rows: Iterable[Row]) -> Iterator[MetricPoint]:
    """Give rows as points of one metric."""
    return starmap(lambda step, time, value: MetricPoint(name, step, time, value), rows)


def _key(row: Row) -> tuple[int, int, int]:
    return row[0], row[1], value_key(row[2])


def _once(rows: Iterable[Row]) -> Iterator[Row]:
    for _, same in groupby(rows, key=_key):
        yield next(same)


def _spilled(spill: IO[bytes], page: list[Row]) -> Iterator[Row]:
    """Write a sorted page to the end of `spill`; give an iterator that reads it back, a little at a time."""
    start = spill.seek(0, 2)
    steps, times, values = array("q"), array("q"), array("d")
    for row in page:
        steps.append(row[0])
        times.append(row[1])
        values.append(row[2])
    steps.tofile(spill)
    times.tofile(spill)
    values.tofile(spill)
    return _read_back(spill, start, len(page))


def _read_back(spill: IO[bytes], start: int, count: int) -> Iterator[Row]:
    for first in range(0, count, _READ_ROWS):
        some = min(_READ_ROWS, count - first)
        columns: list[array[Any]] = []
        for i, code in enumerate("qqd"):
            spill.seek(start + 8 * (i * count + first))
            column: array[Any] = array(code)
            column.fromfile(spill, some)
            columns.append(column)
        yield from zip(*columns, strict=True)
