"""Signatures without a vendor's library, in the form that MLmodel files use (G2)."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from trackbridge.errors import Rejected
from trackbridge.run import infer_signature

FRAME = pd.DataFrame(
    {
        "long": [1, 2], "double": [0.5, None], "text": ["a", "b"], "flag": [True, False],
        "small": np.array([1, 2], np.int32), "single": np.array([1, 2], np.float32),
        "when": pd.to_datetime(["2026-01-01", "2026-01-02"]),
    }
)  # fmt: skip


def inputs(value):
    return json.loads(infer_signature(value))["inputs"]


def column(kind, name, required=True):
    return {"type": kind, "name": name, "required": required}


def test_a_frame_is_its_columns():
    assert inputs(FRAME) == [
        column("long", "long"), column("double", "double", required=False), column("string", "text"),
        column("boolean", "flag"), column("integer", "small"), column("float", "single"), column("datetime", "when"),
    ]  # fmt: skip


def test_a_series_keeps_its_name():
    assert inputs(FRAME["long"]) == [{"type": "long", "name": "long", "required": True}]


@pytest.mark.parametrize(
    ("array", "dtype", "shape"),
    [
        (np.zeros((5, 3), np.float32), "float32", [-1, 3]),
        (np.zeros(5, np.int64), "int64", [-1]),
        (np.zeros((5, 2, 2)), "float64", [-1, 2, 2]),
    ],
)
def test_an_array_is_a_tensor(array, dtype, shape):
    assert inputs(array) == [{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}]


def test_an_arrow_table_is_its_columns():
    table = pa.table({"a": [1], "b": [0.5], "c": ["x"]})
    assert [(c["name"], c["type"]) for c in inputs(table)] == [("a", "long"), ("b", "double"), ("c", "string")]


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, 2], "b": [0.5, None], "c": ["x", "y"]},
        [{"a": 1, "b": 0.5, "c": "x"}, {"a": 2, "c": "y"}],
        {"a": np.array([1, 2]), "b": [1, None, 0.5], "c": np.array(["x"])},
    ],
)
def test_dicts_are_columns(value):
    assert [(c["name"], c["type"]) for c in inputs(value)] == [("a", "long"), ("b", "double"), ("c", "string")]


def test_named_tensors():
    (found,) = inputs({"image": np.zeros((2, 4, 4), np.uint8)})
    assert found == {"name": "image", "type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1, 4, 4]}}


@pytest.mark.parametrize(
    ("value", "kind"), [([1, 2], "long"), (["a"], "string"), ([1, 0.5], "double"), ("x", "string")]
)
def test_plain_values(value, kind):
    assert inputs(value) == [{"type": kind}]


def test_both_sides():
    signature = json.loads(infer_signature(FRAME[["long"]], np.zeros(2)))
    assert set(signature) == {"inputs", "outputs"}


@pytest.mark.parametrize("value", [None, object()])
def test_what_says_nothing_is_refused(value):
    with pytest.raises(Rejected):
        infer_signature(value)


def test_mlflow_reads_it():
    from mlflow.models.signature import ModelSignature

    text = infer_signature(FRAME, np.zeros((2, 3)))
    parts = json.loads(text)
    read = ModelSignature.from_dict({name: json.dumps(fields) for name, fields in parts.items()})
    assert read.inputs.input_names() == list(FRAME.columns)
    assert read.outputs.inputs[0].shape == (-1, 3)
