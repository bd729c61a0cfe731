"""All points of a run in one Parquet file: sorted by name and M2 order, written and read a row group at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final, Self

from trackbridge.adapters.archive.runstate import Loose
from trackbridge.records.metrics import MetricPoint, MetricSummary, point_key, summarize

__all__ = ["PointsWriter", "merged", "read_points", "sort_key", "write_points"]

_GROUP_ROWS: Final = 65_536


def sort_key(point: MetricPoint) -> tuple[str, tuple[int, int, int]]:
    """Give what orders points across series: the name by code points, then M2."""
    return point[0], point_key(point)


def merged(stored: Iterable[MetricPoint], loose: Loose, names: Sequence[str] | None) -> Iterator[MetricPoint]:
    """Join the points of a file with those that came since, each once (M2)."""
    wanted = sorted(loose) if names is None else sorted(set(names) & set(loose))
    if not wanted:
        yield from stored
        return
    later = (MetricPoint(name, *key[:2], value) for name in wanted for key, value in sorted(loose[name].items()))
    for _, same in groupby(merge(stored, later, key=sort_key), key=sort_key):
        yield next(same)


class PointsWriter:
    """Writes sorted points to a file; a context manager.

    Attributes:
        rows: How many were written.
        summaries: What each series written came to.
    """

    def __init__(self, file: Path, run_id: str) -> None:
        from pyarrow import parquet

        self.rows = 0
        self.summaries: dict[str, MetricSummary] = {}
        self._run_id = run_id
        self._waiting: list[MetricPoint] = []
        self._writer: Any = parquet.ParquetWriter(
            file, _schema(), compression="zstd", use_dictionary=["run_id", "name"], version="2.6"
        )

    def add(self, points: Iterable[MetricPoint]) -> None:
        """Write points that follow those written before."""
        source = iter(points)
        while some := list(islice(source, _GROUP_ROWS - len(self._waiting))):
            self._waiting += some
            if len(self._waiting) >= _GROUP_ROWS:
                self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._waiting:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        rows, self._waiting = self._waiting, []
        names, steps, times, values = zip(*rows, strict=True)
        columns = [
            pa.array([self._run_id] * len(rows), pa.string()),
            pa.array(names, pa.string()),
            pa.array(steps, pa.int64()),
            pa.array(times, pa.int64()).cast(pa.timestamp("ms", tz="UTC")),
            pa.array(values, pa.float64()),
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=_schema()), row_group_size=_GROUP_ROWS)
        self.rows += len(rows)
        for name, series in groupby(rows, key=lambda point: point[0]):
            summary = summarize(series)
            assert summary is not None  # a group has a first
            known = self.summaries.get(name)
            self.summaries[name] = known.merged(summary) if known else summary


def write_points(file: Path, run_id: str, points: Iterable[MetricPoint]) -> PointsWriter:
    """Write sorted points to a file; give the writer, which knows what they came to."""
    with PointsWriter(file, run_id) as writer:
        writer.add(points)
    return writer


def read_points(file: Path, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
    """Give the points of a file, those of other metrics passed over row group by row group."""
    from pyarrow import parquet

    wanted = None if names is None else set(names)
    with parquet.ParquetFile(file) as opened:
        for group in range(opened.num_row_groups):
            if wanted is None or _may_hold(opened.metadata.row_group(group), wanted):
                yield from _points(opened.read_row_group(group), wanted)


def _may_hold(group: Any, wanted: set[str]) -> bool:
    statistics = group.column(1).statistics
    if statistics is None or not statistics.has_min_max:
        return True
    return any(statistics.min <= name <= statistics.max for name in wanted)


def _points(table: Any, wanted: set[str] | None) -> Iterator[MetricPoint]:
    import pyarrow as pa
    from pyarrow import compute

    if wanted is not None:
        table = table.filter(compute.is_in(table["name"], pa.array(sorted(wanted), pa.string())))
    columns = [
        table["name"].to_pylist(),
        table["step"].to_pylist(),
        table["timestamp"].cast(pa.int64()).to_pylist(),
        table["value"].to_pylist(),
    ]
    make: Callable[..., MetricPoint] = MetricPoint
    return map(make, *columns)


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("run_id", pa.string(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("step", pa.int64(), nullable=False),
            pa.field("timestamp", pa.timestamp("ms", tz="UTC"), nullable=False),
            pa.field("value", pa.float64(), nullable=False),
        ]
    )
