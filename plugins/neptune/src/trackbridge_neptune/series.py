"""Series of a dump: rows in any order, steps that may be fractions, times that may be missing.

Steps are decimals with up to six places, and a step here is an integer. All float series of a container are multiplied
by one power of ten, the least that makes every step an integer, so that they stay aligned; it is 1 for nearly all, and
otherwise kept with the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from trackbridge.errors import Rejected
from trackbridge.protocol.series import Row, in_order
from trackbridge.records.names import check_name
from trackbridge_neptune.dump import Container, table_of

__all__ = ["METRICS", "metric_names", "rows_of", "step_multiplier", "texts_of"]

METRICS: Final = "float_series"
_COLUMNS: Final = ("attribute_path", "step", "timestamp", "float_value")


def metric_names(names: Sequence[str]) -> list[str]:
    """Give the series that can be metrics under their own names, sorted."""
    return sorted(name for name in names if _is_name(name))


def step_multiplier(container: Container) -> int:
    """Give the power of ten that makes all steps of the container's float series integers."""
    from pyarrow import compute

    places = 0
    for batch in table_of(container, ["step"], [METRICS]).to_batches():
        steps = batch.column("step")
        while places < 6 and not compute.all(compute.equal(compute.round(steps, places), steps)).as_py():
            if batch.num_rows == steps.null_count:
                break
            places += 1
    return int(10**places)


def rows_of(container: Container, name: str, multiplier: int, started_ms: int) -> Iterator[Row]:
    """Give the points of one series in M2 order, each once; memory stays bounded.

    A row without a value is passed over. One without a step (there is none such in a whole dump) counts on in the order
    of the rows; one without a time, as Neptune 2 has them, gets the start of the run.
    """

    def pages() -> Iterator[list[Row]]:
        count = 0
        for batch in table_of(container, _COLUMNS, [METRICS], name).to_batches():
            page = []
            for step, time, value in zip(*_columns(batch), strict=True):
                if value is not None:
                    at = count * multiplier if step is None else int(step * multiplier)
                    page.append((at, started_ms if time is None else time, value))
                    count += 1
            yield page

    return in_order(pages())


def texts_of(container: Container, name: str, kind: str) -> bytes:
    """Give a series of strings or histograms as lines of JSON: step, timestamp in ms, value, by step."""
    column = "string_value" if kind == "string_series" else "histogram_value"
    rows: list[tuple[Decimal, int | None, Any]] = []
    for batch in table_of(container, ["step", "timestamp", column], [kind], name).to_batches():
        times = _milliseconds(batch.column("timestamp"))
        for step, time, value in zip(
            batch.column("step").to_pylist(), times, batch.column(column).to_pylist(), strict=True
        ):
            if value is not None:
                rows.append((step if step is not None else Decimal(len(rows)), time, value))
    rows.sort(key=lambda row: (row[0], row[1] or 0))
    lines = (
        json.dumps({"step": _number(step), "timestamp": time, "value": value}, ensure_ascii=False) + "\n"
        for step, time, value in rows
    )
    return "".join(lines).encode()


def _columns(batch: Any) -> tuple[list[Decimal | None], list[int | None], list[float | None]]:
    times = _milliseconds(batch.column("timestamp"))
    return batch.column("step").to_pylist(), times, batch.column("float_value").to_pylist()


def _milliseconds(column: Any) -> list[int | None]:
    import pyarrow as pa

    times: list[int | None] = column.cast(pa.int64()).to_pylist()
    return times


def _number(step: Decimal) -> int | float:
    return int(step) if step == step.to_integral_value() else float(step)


def _is_name(name: str) -> bool:
    try:
        check_name(name, "metric")
    except Rejected:
        return False
    return True
