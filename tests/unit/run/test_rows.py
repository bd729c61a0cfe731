"""The digest of a table is of what it says, whatever library holds it (D1)."""

import datetime as dt
import sys
from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import trackbridge as tb
from trackbridge.errors import ConfigurationError, Rejected
from trackbridge.run.rows import describe_table

COLUMNS = {"n": [1, None, 3], "x": [0.5, float("nan"), -0.0], "s": ["a", "", None], "b": [True, None, False]}


def digest(table, **options):
    return describe_table(table, **options).digest


def test_it_is_the_same_whatever_holds_it():
    arrow = pa.table(COLUMNS)
    layouts = {
        "large": arrow.cast(
            pa.schema([("n", pa.int64()), ("x", pa.float64()), ("s", pa.large_string()), ("b", pa.bool_())])
        ),
        "chunks": pa.concat_tables([arrow.slice(0, 1), arrow.slice(1, 2)]),
        "slice": pa.concat_tables([arrow, arrow]).combine_chunks().slice(3, 3),
        "dictionary": arrow.set_column(2, "s", arrow["s"].dictionary_encode()),
        "polars": pl.DataFrame(COLUMNS),
        "columns": COLUMNS,
        "rows": [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)],
    }
    assert {name: digest(table) for name, table in layouts.items()} == dict.fromkeys(layouts, digest(arrow))


def test_of_pandas_it_is_that_of_arrow():
    columns = {"n": [1, 2], "x": [0.5, 1.5], "s": ["a", "b"]}
    assert digest(pd.DataFrame(columns)) == digest(pa.table(columns))


@pytest.mark.parametrize(
    "other",
    [
        {"n": [1, None, 4]},
        {"n": [1, 0, 3]},
        {"x": [0.5, float("nan"), 0.0]},
        {"x": [0.5, None, -0.0]},
        {"s": ["a", None, None]},
        {"s": ["", "a", None]},
        {"n": pa.array([1, None, 3], pa.int32())},
        {"more": [1, 1, 1]},
    ],
    ids=["value", "null", "zero", "nan", "empty", "moved", "type", "column"],
)
def test_what_differs_has_another(other):
    assert digest(pa.table({**COLUMNS, **other})) != digest(pa.table(COLUMNS))
    assert digest(pa.table({**COLUMNS, **other}), any_order=True) != digest(pa.table(COLUMNS), any_order=True)


def test_the_order_of_rows_counts_unless_it_must_not():
    table = pa.table({**COLUMNS, "zero": [0.0, -0.0, 0.0]})
    turned = table.take([2, 0, 1])
    assert digest(table) != digest(turned)
    assert digest(table, any_order=True) == digest(turned, any_order=True)
    assert digest(table, any_order=True).startswith("rows-sha256:")
    zeros = pa.table({"z": [0.0, -0.0]})
    assert digest(zeros, any_order=True) == digest(zeros.take([1, 0]), any_order=True)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([2**64 - 1, 1], pa.uint64()),
        pa.array([dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC), None]),
        pa.array([dt.date(2026, 1, 2), None]),
        pa.array([b"\xff", None]),
        pa.array([[1, 2], None]),
        pa.array([{"a": b"x"}, {"a": None}]),
        pa.array([Decimal("1.50"), None]),
        pa.array([None, None]),
        pa.array([], pa.string()),
        pa.array([], pa.int64()),
    ],
    ids=lambda values: str(values.type).split("<")[0].split("[")[0],
)
def test_any_type_can_be_hashed_and_comes_out_alike_from_a_slice(values):
    table = pa.table({"v": values})
    longer = pa.concat_tables([table, table]).combine_chunks().slice(len(values))
    assert digest(table) == digest(longer)
    backwards = pa.array(range(len(values))[::-1], pa.int64())
    assert digest(table, any_order=True) == digest(table.take(backwards), any_order=True)
    if len(values) > 1 and values[0].as_py() != values[1].as_py():
        assert digest(table) != digest(table.slice(0, 1))


def test_what_is_no_table_is_refused():
    with pytest.raises(Rejected, match="D1"):
        describe_table(7)


def test_without_pyarrow_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigurationError, match=r"trackbridge\[tables\]"):
        describe_table({"a": [1]})


def test_a_run_keeps_digest_schema_and_rows(tmp_path):
    url = f"local://{tmp_path}/store"
    with tb.start_run("e", backend=url, capture=False) as run:
        run.use_dataset("t", data=pl.DataFrame(COLUMNS), context="training", any_order=True)
        run.use_dataset("given", data=COLUMNS, digest="md5:00", rows=7)
    with tb.connect(url) as store:
        given, table = sorted(store.runs.get(run.id).datasets, key=lambda data: data.name)
    assert table.digest == digest(COLUMNS, any_order=True)
    assert (table.rows, table.schema) == (3, '{"n": "int64", "x": "double", "s": "string", "b": "bool"}')
    assert (given.digest, given.rows) == ("md5:00", 7)
