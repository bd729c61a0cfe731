"""Model signatures: what goes in and what comes out, inferred without any vendor's library (G2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trackbridge.errors import Rejected
from trackbridge.records.names import shown

__all__ = ["infer_signature"]

# The names of types in the signature JSON that MLmodel files use: https://mlflow.org/docs/latest/ml/model/signatures/
_KINDS: Final = {"b": "boolean", "S": "binary", "U": "string", "O": "string", "M": "datetime"}
_ARROW: Final = {
    "bool": "boolean", "int8": "integer", "int16": "integer", "int32": "integer", "uint8": "integer",
    "uint16": "integer", "int64": "long", "uint32": "long", "uint64": "long", "float": "float", "halffloat": "float",
    "double": "double", "string": "string", "large_string": "string", "binary": "binary", "large_binary": "binary",
    "null": "any",
}  # fmt: skip
_PYTHON: Final = {bool: "boolean", int: "long", float: "double", str: "string", bytes: "binary", type(None): "any"}


def infer_signature(inputs: Any = None, outputs: Any = None) -> str:
    """Give the signature of a model as a JSON text.

    Its form is the one that MLmodel files use: ``inputs`` and ``outputs``, each a list of columns
    ``{"name", "type", "required"}`` or, for an array, of one tensor ``{"type": "tensor", "tensor-spec": {"dtype",
    "shape"}}`` whose first dimension, the batch, is −1.

    Args:
        inputs: An example of the input: a pandas, Polars or Arrow table, a numpy or torch array, a dict of columns or
            of arrays, a list of dicts, or a list of numbers or strings.
        outputs: An example of the output, likewise; None where it is not known.

    Raises:
        Rejected: nothing was given, or something that has no columns, types or shape.
    """
    if inputs is None and outputs is None:
        raise Rejected("a signature needs an example of the input or the output", clause="G2")
    sides = {"inputs": inputs, "outputs": outputs}
    return json.dumps({name: _fields(value, name) for name, value in sides.items() if value is not None})


def _fields(value: Any, side: str) -> list[dict[str, Any]]:
    module = type(value).__module__.partition(".")[0]
    if module == "pyarrow" and hasattr(value, "schema"):
        return [_column(field.name, _arrow_type(str(field.type)), field.nullable) for field in value.schema]
    if module == "polars" and hasattr(value, "schema"):
        return _fields(value.head(0).to_arrow(), side) if hasattr(value, "head") else []
    if module == "pandas":
        return _pandas(value)
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return [_tensor(value)]
    if isinstance(value, Mapping):
        return [_named(str(name), column, side) for name, column in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _listed(value, side)
    if type(value) in _PYTHON:
        return [{"type": _PYTHON[type(value)]}]
    raise Rejected(
        f"no signature can be told from {shown(value)}",
        clause="G2",
        remedy="Give a table, an array, a dict of columns or a list.",
    )


def _pandas(value: Any) -> list[dict[str, Any]]:
    if hasattr(value, "columns"):
        return [
            _column(str(name), _series_type(value.iloc[:, at]), bool(value.iloc[:, at].isna().any()))
            for at, name in enumerate(value.columns)
        ]
    named = {"name": str(value.name)} if getattr(value, "name", None) is not None else {}
    return [{"type": _series_type(value), **named, "required": not bool(value.isna().any())}]


def _series_type(series: Any) -> str:
    dtype = series.dtype
    kind = getattr(dtype, "kind", "O")
    if kind == "O":
        found = {_PYTHON.get(type(item), "any") for item in series.dropna().head(1000)}
        return found.pop() if len(found) == 1 else "string" if not found else "any"
    return _numpy_type(kind, getattr(dtype, "itemsize", 8))


def _numpy_type(kind: str, itemsize: int) -> str:
    if kind in "iu":
        return "long" if itemsize > 4 or (kind == "u" and itemsize == 4) else "integer"
    if kind == "f":
        return "float" if itemsize <= 4 else "double"
    return _KINDS.get(kind, "any")


def _arrow_type(name: str) -> str:
    return _ARROW.get(name) or ("datetime" if name.startswith(("timestamp", "date")) else "any")


def _column(name: str, kind: str, nullable: bool) -> dict[str, Any]:
    return {"type": kind, "name": name, "required": not nullable}


def _tensor(array: Any) -> dict[str, Any]:
    dtype = str(array.dtype).removeprefix("torch.")
    shape = [-1, *(int(size) for size in array.shape[1:])] if len(array.shape) else []
    return {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}


def _named(name: str, column: Any, side: str) -> dict[str, Any]:
    if hasattr(column, "shape") and hasattr(column, "dtype") and len(column.shape) != 1:
        return {"name": name, **_tensor(column)}
    if hasattr(column, "shape") and hasattr(column, "dtype"):
        dtype = column.dtype
        kind = getattr(dtype, "kind", None)
        found = _numpy_type(kind, dtype.itemsize) if kind else str(dtype).removeprefix("torch.")
        return _column(name, found, nullable=False)
    values = list(column) if isinstance(column, Sequence) and not isinstance(column, str | bytes) else [column]
    (field,) = _listed(values, side) or [{"type": "any"}]
    return {**field, "name": name, "required": None not in values}


def _listed(values: Sequence[Any], side: str) -> list[dict[str, Any]]:
    if values and all(isinstance(row, Mapping) for row in values):
        names = dict.fromkeys(str(name) for row in values for name in row)
        return [_named(name, [row.get(name) for row in values], side) for name in names]
    found = {_PYTHON.get(type(value), "any") for value in values if value is not None}
    if found <= {"long", "double"} and found:
        found = {"double"} if "double" in found else found
    return [{"type": found.pop() if len(found) == 1 else "any"}]
