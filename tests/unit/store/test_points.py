"""Points and tables: every point, by name, in order; columns with their types (M2, M5)."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pytest

from trackbridge.errors import ConfigurationError, Rejected
from trackbridge.records.metrics import MetricPoint, point_key
from trackbridge.store import tables

POINTS = [
    MetricPoint("loss", 0, 1_000, 0.5),
    MetricPoint("loss", 0, 1_000, 0.25),
    MetricPoint("loss", -3, 2_000, 1.0),
    MetricPoint("loss", 2**40, 5, float("inf")),
    MetricPoint("loss", 7, 5, -0.0),
    MetricPoint("loss", 7, 5, 0.0),
    MetricPoint("val auc", 0, 7, 0.125),
    MetricPoint("Ångström", 1, 8, 5e-324),
]


def key(point: MetricPoint) -> Any:
    return point.name, point_key(point)


def test_points_come_by_name_then_in_order(lab: Any) -> None:
    run_id = lab.run()
    lab.write(run_id, POINTS)
    expected = sorted(POINTS, key=key)
    assert repr(list(lab.store.metrics.read(run_id))) == repr(expected)
    some = [point for point in expected if point.name in {"loss", "Ångström"}]
    assert repr(list(lab.store.metrics.read(run_id, ["Ångström", "loss", "loss", "absent"]))) == repr(some)
    assert list(lab.store.metrics.read(run_id, [])) == []


def test_names_are_a_list_of_names(lab: Any) -> None:
    run_id = lab.run()
    with pytest.raises(Rejected, match="list of metrics"):
        lab.store.metrics.read(run_id, "loss")
    with pytest.raises(Rejected):
        lab.store.metrics.read(run_id, [3])


def test_without_a_sidecar_the_stream_is_the_adapters_own(make_lab: Callable[[str], Any]) -> None:
    lab = make_lab("local")
    run_id = lab.run(metrics={"loss": [0.5] * 3})
    stream = iter([POINTS[0]])
    lab.backend.adapter.metrics.read = lambda *_: stream
    assert lab.store.metrics.read(run_id) is stream


def test_a_table_has_a_column_for_each_part(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_POINTS_PER_PIECE", 3)
    run_id = lab.run()
    lab.write(run_id, POINTS)
    table = lab.store.metrics.table(run_id)
    utc = pa.timestamp("ms", tz="UTC")
    assert table.schema.types == [pa.dictionary(pa.int32(), pa.string()), pa.int64(), utc, pa.float64()]
    plain = table.cast(
        pa.schema(zip(table.column_names, [pa.string(), pa.int64(), pa.int64(), pa.float64()], strict=True))
    )
    rows = [row.values() for row in plain.to_pylist()]
    assert repr([MetricPoint(*row) for row in rows]) == repr(sorted(POINTS, key=key))
    assert {tuple(chunk.dictionary.to_pylist()) for chunk in table["name"].chunks} == {("loss", "val auc", "Ångström")}


def test_a_table_of_no_points_has_the_same_columns(lab: Any) -> None:
    run_id = lab.run()
    table = lab.store.metrics.table(run_id)
    assert (table.num_rows, table.column_names) == (0, ["name", "step", "timestamp", "value"])


def test_a_table_of_runs_has_a_row_a_run(lab: Any) -> None:
    first = lab.run(
        name="a", started_ms=2_000, tags={"team": "risk"}, metrics={"loss": [0.5, 0.25]},
        params={"depth": 3, "mixed": 1, "flag": True, "rate": float("nan"), "only": [1, "é"], "big": 2**70, "none": None},
    )  # fmt: skip
    second = lab.run(params={"depth": None, "mixed": "x" * 90, "flag": False, "rate": 0.1, "none": None}, parent=first)
    table = lab.store.runs.table(order_by=["started desc"])
    assert table.column_names == [
        "id", "name", "experiment", "status", "started", "ended", "parent", "params.big", "params.depth", "params.flag",
        "params.mixed", "params.none", "params.only", "params.rate", "metrics.loss", "tags.team",
    ]  # fmt: skip
    assert table["id"].to_pylist() == [first, second]
    assert table["parent"].to_pylist() == [None, first]
    assert table["started"].to_pylist()[0] == dt.datetime.fromtimestamp(2, dt.UTC)
    assert (table["params.depth"].type, table["params.depth"].to_pylist()) == (pa.int64(), [3, None])
    assert (table["params.flag"].type, table["params.flag"].to_pylist()) == (pa.bool_(), [True, False])
    assert table["params.mixed"].to_pylist() == ["1", f'"{"x" * 90}"']
    assert table["params.only"].to_pylist() == ['[1, "é"]', None]
    assert table["params.big"].to_pylist() == [str(2**70), None]
    assert table["params.rate"].type == pa.float64()
    assert table["metrics.loss"].to_pylist() == [0.25, None]
    assert table["tags.team"].to_pylist() == ["risk", None]
    assert lab.store.runs.table("params.depth = 3", limit=5).num_rows == 1
    assert lab.store.runs.table("params.depth = 99").num_rows == 0


def test_a_table_reads_no_series_for_what_the_backend_tells(make_lab: Callable[[str], Any]) -> None:
    lab = make_lab("memory")
    run_id = lab.run(metrics={"loss": [0.5, 0.25]})
    read: list[Sequence[str] | None] = []
    inner = lab.backend.adapter.metrics.read

    def spy(one: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        read.append(names)
        return inner(one, names)  # type: ignore[no-any-return]

    lab.backend.adapter.metrics.read = spy
    lab.store.runs.table()
    lab.store.runs.get(run_id)
    assert read == []


def test_without_pyarrow_the_remedy_is_named(lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = lab.run()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for act in (lambda: lab.store.metrics.table(run_id), lab.store.runs.table):
        with pytest.raises(ConfigurationError, match=r"pip install 'trackbridge\[tables\]'"):
            act()
