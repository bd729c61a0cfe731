"""Slices from a table of predictions, against counts made by hand."""

from __future__ import annotations

import math
import sys
from typing import Any

import pyarrow as pa
import pytest

from trackbridge.errors import ConfigurationError
from trackbridge.gates.facts import SliceTable
from trackbridge.gates.fairness import METRICS, compute_slices

SOURCE = SliceTable("p.parquet", "y", "p")
# F: two found, one missed, one rightly and one wrongly refused; M: one found, two missed, one refused; X: one refused.
TABLE = pa.table(
    {
        "y": [1, 1, 1, 0, 0, 1, 1, 1, 0, 0],
        "p": [1, 1, 0, 0, 1, 1, 0, 0, 0, 0],
        "sex": ["F"] * 5 + ["M"] * 4 + ["X"],
        "age": [30, 40, 30, 40, 30, 30, 40, 40, None, 30],
    }
)


def values(table: pa.Table, metric: str, *by: str, source: SliceTable = SOURCE) -> dict[str, float]:
    found = compute_slices(table, source, metric, by or ("sex",))
    assert found.why_not == ""
    return {", ".join(value for _, value in one.of): one.value for one in found.slices}


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("tpr", [2 / 3, 1 / 3, math.nan]),
        ("fnr", [1 / 3, 2 / 3, math.nan]),
        ("fpr", [1 / 2, 0, 0]),
        ("tnr", [1 / 2, 1, 1]),
        ("accuracy", [3 / 5, 2 / 4, 1]),
        ("selection_rate", [3 / 5, 1 / 4, 0]),
        ("mae", [2 / 5, 2 / 4, 0]),
        ("mse", [2 / 5, 2 / 4, 0]),
    ],
)
def test_each_metric_is_what_it_says(metric: str, expected: list[float]) -> None:
    assert values(TABLE, metric) == pytest.approx(dict(zip("FMX", expected, strict=True)), nan_ok=True)


def test_every_metric_is_tried() -> None:
    assert {*METRICS} == {"tpr", "fnr", "fpr", "tnr", "accuracy", "selection_rate", "mae", "mse"}


def test_rows_are_counted() -> None:
    assert [(one.name, one.rows) for one in compute_slices(TABLE, SOURCE, "tpr", ("sex",)).slices] == [
        ("sex = F", 5), ("sex = M", 4), ("sex = X", 1),
    ]  # fmt: skip


def test_attributes_are_crossed_and_a_missing_value_is_a_slice() -> None:
    assert values(TABLE, "accuracy", "sex", "age") == pytest.approx(
        {"F, 30": 1 / 3, "F, 40": 1, "M, (missing)": 1, "M, 30": 1, "M, 40": 0, "X, 30": 1}
    )


@pytest.mark.parametrize("labels", [[1.0, 0.0], [True, False], ["1", "0"]])
def test_labels_of_any_type_are_the_same_labels(labels: list[object]) -> None:
    column = [labels[0] if value else labels[1] for value in TABLE["y"].to_pylist()]
    assert values(TABLE.set_column(0, "y", pa.array(column)), "tpr") == pytest.approx(values(TABLE, "tpr"), nan_ok=True)


def test_the_positive_label_is_a_choice() -> None:
    words = {1: "fraud", 0: "fine"}
    table = pa.table(
        {name: [words.get(value, value) for value in TABLE[name].to_pylist()] for name in ("y", "p", "sex")}
    )
    source = SliceTable("p.parquet", "y", "p", "fraud")
    assert values(table, "tpr", source=source) == pytest.approx(values(TABLE, "tpr"), nan_ok=True)
    assert values(table, "selection_rate", source=source) == pytest.approx(values(TABLE, "selection_rate"))


def test_several_classes_are_one_against_the_rest() -> None:
    table = pa.table({"y": ["a", "a", "b", "c"], "p": ["a", "b", "a", "b"], "sex": ["F"] * 4})
    source = SliceTable("p.parquet", "y", "p", "a")
    assert values(table, "tpr", source=source) == {"F": 0.5}
    assert values(table, "fpr", source=source) == {"F": 0.5}


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (TABLE.drop_columns(["p", "sex"]), "has no column 'p', 'sex'"),
        (TABLE.slice(0, 0), "has no rows"),
        (TABLE.set_column(1, "p", pa.array([None] * 10, pa.int64())), "'p' has missing values"),
    ],
)
def test_a_table_that_cannot_be_sliced_says_why(table: pa.Table, why: str) -> None:
    found = compute_slices(table, SOURCE, "tpr", ("sex",))
    assert found.slices == ()
    assert why in found.why_not


def test_text_has_no_error_to_average() -> None:
    table = TABLE.set_column(0, "y", pa.array(["a"] * 10))
    assert "mae cannot be computed" in compute_slices(table, SOURCE, "mae", ("sex",)).why_not


def test_without_fairlearn_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    missing: Any = None
    monkeypatch.setitem(sys.modules, "fairlearn.metrics", missing)
    with pytest.raises(ConfigurationError, match=r"trackbridge\[fairness\]"):
        compute_slices(TABLE, SOURCE, "tpr", ("sex",))
