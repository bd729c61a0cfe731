"""Arrow tables of runs and of points, for pandas, Polars and whatever else reads Arrow."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from trackbridge.errors import ConfigurationError
from trackbridge.records.metrics import MAX_STEP, MIN_STEP, MetricPoint
from trackbridge.store.reading import Reader, Reading

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["points_table", "runs_table"]

_POINTS_PER_PIECE: Final = 128


def points_table(points: Iterator[MetricPoint]) -> pa.Table:
    """Make a table of points, in their order.

    Columns: name (dictionary-encoded string), step (int64), timestamp (ms, UTC), value (float64).
    """
    pa = _pyarrow()
    codes: dict[str, int] = {}
    coded, step, timestamp, value = array("i"), array("q"), array("q"), array("d")
    # A few rows at a time: they are taken apart while they are still in the processor's cache.
    while rows := tuple(islice(points, _POINTS_PER_PIECE)):
        names, steps, times, values = zip(*rows, strict=True)
        coded.extend([codes.setdefault(name, len(codes)) for name in names])
        step.extend(steps)
        timestamp.extend(times)
        value.extend(values)
    kinds = (pa.int32(), pa.int64(), pa.timestamp("ms", tz="UTC"), pa.float64())
    indices, *numbers = (
        pa.Array.from_buffers(kind, len(value), [None, pa.py_buffer(column)])
        for kind, column in zip(kinds, (coded, step, timestamp, value), strict=True)
    )
    name = pa.DictionaryArray.from_arrays(indices, pa.array(list(codes), pa.string()))
    return pa.Table.from_arrays([name, *numbers], names=["name", "step", "timestamp", "value"])


def runs_table(reader: Reader, readings: Iterable[Reading]) -> pa.Table:
    """Make a table of runs, in their order.

    Columns: id, name, experiment, status, started and ended (ms, UTC), parent, then ``params.…``, ``metrics.…`` (the
    last value) and ``tags.…`` by name. A param column has the type of its values; where these are of several types,
    lists, or ints beyond int64, it is their JSON text.
    """
    pa = _pyarrow()
    runs = []
    families: dict[str, dict[str, dict[int, Any]]] = {"params": {}, "metrics": {}, "tags": {}}
    for row, reading in enumerate(readings):
        run = reading.merged.run
        runs.append((run.id, run.name, run.experiment, run.status, run.started_ms, run.ended_ms, run.parent))
        values = {"params": run.params, "metrics": reader.last_values(reading), "tags": run.tags}
        for family, columns in families.items():
            for name, value in values[family].items():
                columns.setdefault(name, {})[row] = value
    time = pa.timestamp("ms", tz="UTC")
    kinds = {"id": pa.string(), "name": pa.string(), "experiment": pa.string(), "status": pa.string(),
             "started": time, "ended": time, "parent": pa.string()}  # fmt: skip
    heads = list(zip(*runs, strict=True)) or [()] * len(kinds)
    table = {name: pa.array(column, kind) for (name, kind), column in zip(kinds.items(), heads, strict=True)}
    for family, columns in families.items():
        kind = {"metrics": pa.float64(), "tags": pa.string()}.get(family)
        for name, sparse in sorted(columns.items()):
            table[f"{family}.{name}"] = _column(pa, sparse, len(runs), kind)
    return pa.table(table)


def _column(pa: Any, sparse: dict[int, Any], rows: int, kind: Any) -> Any:
    present = [value for value in sparse.values() if value is not None]
    kind = kind or _arrow_type(pa, present)
    if kind is None:
        sparse = {row: json.dumps(value, ensure_ascii=False) for row, value in sparse.items()}
        kind = pa.string()
    return pa.array([sparse.get(row) for row in range(rows)], kind)


def _arrow_type(pa: Any, values: list[Any]) -> Any:
    """Give the one type of these values, or None where they have none in common."""
    types = {type(value) for value in values}
    if types == {int} and not all(MIN_STEP <= value <= MAX_STEP for value in values):
        return None
    if len(types) > 1:
        return None
    plain = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
    return plain.get(types.pop()) if types else pa.null()


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ConfigurationError(
            "tables need pyarrow, which is not installed", remedy="Install it: pip install 'trackbridge[tables]'."
        ) from error
    return pa
