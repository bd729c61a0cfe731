"""Points as rows of W&B's history, and back.

A row is one step and time of any number of metrics: what a loop logs at once stays together, as W&B's screens expect.
`_step` is the row's number, for W&B keeps rows by it and drops those that go back; the true step is a column that
charts use as their x axis. A row says all of its points by itself, so that rows that were sent twice are one set.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import JSONDecodeError, loads
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final

from trackbridge.errors import IntegrityError
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.times import MAX_TIME_MS
from trackbridge_wandb.document import STEP

__all__ = ["lines_of", "numeric_keys", "parsed", "points_of"]

_STEP: Final = quoted(STEP)
_INT_BOUND: Final = 2**1_023  # beyond float64 there is no such point
_TEXTS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def lines_of(points: Sequence[MetricPoint], first: int) -> list[str]:
    """Give history lines that hold these points.

    Args:
        points: Points that W&B's history can hold.
        first: The number of the first line.
    """
    open_rows: dict[tuple[int, int], dict[str, float]] = {}
    rows: list[tuple[int, int, dict[str, float]]] = []
    for name, step, time_ms, value in points:
        at = step, time_ms
        values = open_rows.get(at)
        if values is None or name in values:
            values = open_rows[at] = {}
            rows.append((step, time_ms, values))
        values[name] = value
    return [_line(first + n, *row) for n, row in enumerate(rows)]


def _line(number: int, step: int, time_ms: int, values: Mapping[str, float]) -> str:
    cells = "".join(f",{quoted(name)}:{_number(value)}" for name, value in values.items())
    return f'{{"_step":{number},"_timestamp":{time_ms / 1_000!r},{_STEP}:{step}{cells}}}'


def _number(value: float) -> str:
    if value - value == 0:  # finite
        return repr(value)
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"  # noqa: PLR0124 - as W&B's client


def parsed(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Give the rows of history lines, with NaN and the infinities as tokens or as texts.

    Raises:
        IntegrityError: a line is no JSON.
    """
    for line in lines:
        try:
            yield loads(line)
        except JSONDecodeError as error:
            raise IntegrityError(f"a row of a run's history cannot be read: {error}", clause="M1") from error


def points_of(rows: Iterable[Mapping[str, Any]], wanted: frozenset[str] | None = None) -> Iterator[MetricPoint]:
    """Give the points in rows, whoever wrote them: numbers, nested ones by dotted names.

    Args:
        rows: Rows of a run's history.
        wanted: The metrics asked for; None for all.
    """
    for row in rows:
        step = row.get(STEP)
        if step is None or isinstance(step, str):
            step = row.get("_step", 0)
        stamp = row.get("_timestamp", 0)
        time_ms = min(max(round(stamp * 1_000), 0), MAX_TIME_MS) if isinstance(stamp, int | float) else 0
        for name, value in _cells(row):
            if wanted is None or name in wanted:
                yield MetricPoint(name, int(step), time_ms, value)


def _cells(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in row.items():
        if key == STEP or key[:1] == "_":
            continue
        kind = type(value)
        if kind is float:
            yield key, value
        elif kind is int and abs(value) < _INT_BOUND:
            yield key, float(value)
        elif kind is str and value in _TEXTS:
            yield key, _TEXTS[value]
        elif kind is dict and "_type" not in value:
            yield from ((f"{key}.{inner}", number) for inner, number in _cells(value))


def numeric_keys(history: Mapping[str, Any] | None) -> tuple[list[str], list[str]]:
    """Give the names of a foreign run's metrics, and of what else its history has, from W&B's list of its keys."""
    metrics: list[str] = []
    others: list[str] = []
    for name, entry in ((history or {}).get("keys") or {}).items():
        if name.startswith("_") or name == STEP:
            continue
        kinds = {one.get("type") for one in entry.get("typeCounts") or ()}
        if kinds & {"number", None} or not kinds:
            metrics.append(name)
        elif kinds - {"nil"}:
            others.append(f"{name} ({', '.join(sorted(map(str, kinds)))})")
    return metrics, others
