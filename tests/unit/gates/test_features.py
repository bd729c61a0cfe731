"""Feature schemas in files: JSON Schema, Parquet, Arrow, all in the words of signatures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from trackbridge import infer_signature
from trackbridge.errors import ConfigurationError
from trackbridge.gates import judge
from trackbridge.gates.checks import Schema
from trackbridge.gates.features import read_columns

ARROW = pa.schema(
    [
        ("amount", pa.float64()), ("small", pa.float32()), ("count", pa.int64()), ("short", pa.int16()),
        ("flag", pa.bool_()), ("name", pa.string()), ("kind", pa.dictionary(pa.int8(), pa.string())),
        ("when", pa.timestamp("us")), ("day", pa.date32()), ("raw", pa.binary()),
    ]
)  # fmt: skip
TYPES = {
    "amount": "double", "small": "float", "count": "long", "short": "integer", "flag": "boolean", "name": "string",
    "kind": "string", "when": "datetime", "day": "datetime", "raw": "binary",
}  # fmt: skip


def write_stream(table: pa.Table, path: str) -> None:
    with pa.OSFile(path, "wb") as sink, pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("features.parquet", pq.write_table),
        ("features.feather", pyarrow.feather.write_feather),
        ("features.arrow", write_stream),
    ],
)
def test_arrow_in_every_dress(tmp_path: Path, name: str, write: Any) -> None:
    write(ARROW.empty_table(), str(tmp_path / name))
    columns = read_columns(tmp_path / name)
    assert {column.name: set(column.types) for column in columns} == {name: {kind} for name, kind in TYPES.items()}
    assert [column.name for column in columns] == ARROW.names
    assert all(column.required for column in columns)


def test_arrow_fields_that_may_be_missing(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("a", pa.int64(), nullable=False), pa.field("b", pa.int64())])
    pq.write_table(schema.empty_table(), tmp_path / "x.parquet")
    assert [column.required for column in read_columns(tmp_path / "x.parquet")] == [True, False]


def columns_of(tmp_path: Path, schema: Any) -> dict[str, tuple[set[str], bool]]:
    tmp_path.joinpath("s.json").write_text(json.dumps(schema))
    return {column.name: (set(column.types), column.required) for column in read_columns(tmp_path / "s.json")}


def test_json_schema_types(tmp_path: Path) -> None:
    properties = {
        "number": {"type": "number"}, "integer": {"type": "integer"}, "text": {"type": "string"},
        "when": {"type": "string", "format": "date-time"}, "int32": {"type": "integer", "format": "int32"},
        "maybe": {"type": ["number", "null"]}, "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "one_of": {"enum": ["a", "b"]}, "free": {}, "shared": {"$ref": "#/$defs/amount"},
    }  # fmt: skip
    schema: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": ["text"],
        "$defs": {"amount": {"type": "number"}},
    }
    found = columns_of(tmp_path, schema)
    assert {name: types for name, (types, _) in found.items()} == {
        "number": {"float", "double"}, "integer": {"integer", "long"}, "text": {"string"}, "when": {"datetime"},
        "int32": {"integer"}, "maybe": {"float", "double"}, "either": {"string"}, "one_of": {"string"}, "free": set(),
        "shared": {"float", "double"},
    }  # fmt: skip
    assert [name for name, (_, required) in found.items() if required] == ["text"]
    rows = {"type": "array", "items": {"$ref": "#/$defs/row"}, "$defs": {"row": schema, **schema["$defs"]}}
    assert columns_of(tmp_path, rows) == found


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("s.json", "{", "cannot be read"),
        ("s.json", "[]", "cannot be read"),
        ("s.json", "{}", "cannot be read"),
        ("s.json", '{"properties": {}}', "has no columns"),
        ("s.json", '{"properties": {"a": {"type": "float"}}}', "cannot be read"),
        ("s.json", '{"properties": {"a": {"$ref": "other.json"}}}', "lies outside of the file"),
        ("s.json", '{"properties": {"a": {"$ref": "#/properties/a"}}}', "leads to itself"),
        ("s.parquet", "no parquet", "cannot be read"),
        ("s.arrow", "no arrow", "cannot be read"),
    ],
)
def test_what_is_no_feature_schema(tmp_path: Path, name: str, content: str, complaint: str) -> None:
    tmp_path.joinpath(name).write_text(content)
    with pytest.raises(ConfigurationError, match=complaint):
        read_columns(tmp_path / name)


@pytest.mark.parametrize(
    ("given", "model", "expected"),
    [
        (pa.int32(), pa.int64(), "pass"),
        (pa.int32(), pa.float64(), "pass"),
        (pa.float32(), pa.float64(), "pass"),
        (pa.bool_(), pa.int64(), "pass"),
        (pa.int64(), pa.float64(), "fail"),  # beyond 2**53 a double rounds
        (pa.int64(), pa.int32(), "fail"),
        (pa.float64(), pa.float32(), "fail"),
        (pa.string(), pa.int64(), "fail"),
        (pa.int64(), pa.string(), "fail"),
    ],
)
def test_only_what_loses_nothing_is_compatible(
    tmp_path: Path, facts: Any, given: pa.DataType, model: pa.DataType, expected: str
) -> None:
    pq.write_table(pa.schema([("a", given)]).empty_table(), tmp_path / "x.parquet")
    signature = infer_signature(pa.schema([pa.field("a", model, nullable=False)]).empty_table())
    for widening in (True, False):
        check = Schema(read_columns(tmp_path / "x.parquet"), "x.parquet", widening=widening)
        assert judge(facts(signature=signature), None, [check]).status == (expected if widening else "fail")


def test_a_signature_as_mlflow_writes_it_is_read_too(tmp_path: Path, facts: Any) -> None:
    pq.write_table(pa.schema([("a", pa.int64())]).empty_table(), tmp_path / "x.parquet")
    check = Schema(read_columns(tmp_path / "x.parquet"), "x.parquet")
    signature = json.dumps({"inputs": '[{"type": "long", "name": "a", "required": true}]', "outputs": None})
    assert judge(facts(signature=signature), None, [check]).status == "pass"
