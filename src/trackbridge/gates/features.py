"""Feature schemas in files: JSON Schema, Parquet and Arrow become columns in the words of signatures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from trackbridge.errors import ConfigurationError
from trackbridge.gates.checks.schemas import Column

__all__ = ["read_columns"]

_ARROW_SUFFIXES: Final = {".arrow", ".feather", ".ipc", ".parquet", ".pq"}
# https://json-schema.org/understanding-json-schema/reference/type, and the widths that OpenAPI adds as formats
_JSON: Final[Mapping[str, frozenset[str]]] = {
    "boolean": frozenset({"boolean"}),
    "integer": frozenset({"integer", "long"}),
    "number": frozenset({"float", "double"}),
    "string": frozenset({"string"}),
    "array": frozenset({"array"}),
    "object": frozenset({"object"}),
    "null": frozenset(),
}
_FORMATS: Final = {
    "int32": "integer", "int64": "long", "float": "float", "double": "double",
    "date-time": "datetime", "date": "datetime", "binary": "binary", "byte": "binary",
}  # fmt: skip
_ARROW: Final = {
    "bool": "boolean", "int8": "integer", "int16": "integer", "int32": "integer", "uint8": "integer",
    "uint16": "integer", "int64": "long", "uint32": "long", "uint64": "long", "halffloat": "float", "float": "float",
    "double": "double", "string": "string", "large_string": "string", "string_view": "string",
    "binary": "binary", "large_binary": "binary",
}  # fmt: skip
_PYTHON: Final = {bool: "boolean", int: "integer", float: "number", str: "string"}


def read_columns(path: Path) -> tuple[Column, ...]:
    """Read the columns of a feature schema, in their order.

    Args:
        path: A JSON Schema of an object, or of an array of objects, ending with .json; a Parquet file; or an Arrow file.

    Raises:
        ConfigurationError: it cannot be read, or has no columns.
    """
    try:
        columns = _arrow(path) if path.suffix in _ARROW_SUFFIXES else _json(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise ConfigurationError(
            f"the feature schema {path} cannot be read: {error.strerror or error}", remedy="Correct the path."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"the feature schema {path} cannot be read: {error}",
            remedy="Give a JSON Schema of an object with properties, a Parquet file or an Arrow file.",
        ) from error
    if not columns:
        raise ConfigurationError(f"the feature schema {path} has no columns", remedy="Give it properties.")
    return columns


def _json(root: Any) -> tuple[Column, ...]:
    schema = _resolved(root, root)
    if schema.get("type") == "array":
        schema = _resolved(root, schema["items"])
    required = schema.get("required", [])
    return tuple(
        Column(str(name), _json_types(_resolved(root, one)), name in required)
        for name, one in schema["properties"].items()
    )


def _resolved(root: Any, schema: Any) -> Any:
    """Follow references within the file, such as ``#/$defs/amount``."""
    for _ in range(100):  # a reference that leads to itself ends too
        if "$ref" not in schema:
            return schema
        reference = str(schema["$ref"])
        if not reference.startswith("#"):
            raise ValueError(f"{reference!r} lies outside of the file")
        schema = root
        for part in reference.removeprefix("#").split("/")[1:]:
            schema = schema[part.replace("~1", "/").replace("~0", "~")]
    raise ValueError("a reference leads to itself")


def _json_types(schema: Mapping[str, Any]) -> frozenset[str]:
    named = schema.get("type", [])
    kinds = {named} if isinstance(named, str) else set(named)
    kinds |= {_PYTHON[type(value)] for value in schema.get("enum", []) if type(value) in _PYTHON and not named}
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        kinds |= {option["type"]} if isinstance(option.get("type"), str) else set()
    if schema.get("format") in _FORMATS and kinds - {"null"}:
        return frozenset({_FORMATS[schema["format"]]})
    return frozenset().union(*(_JSON[kind] for kind in kinds))


def _arrow(path: Path) -> tuple[Column, ...]:
    try:
        import pyarrow as pa
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError as error:
        raise ConfigurationError(
            f"reading {path} needs pyarrow", remedy="Install it: pip install 'trackbridge[tables]'."
        ) from error
    if path.suffix in {".parquet", ".pq"}:
        schema = pyarrow.parquet.read_schema(path)
    else:
        with pa.memory_map(str(path)) as source:
            schema = _ipc_schema(pa, source)
    return tuple(
        Column(str(field.name), _arrow_types(str(field.type)), required=not field.nullable or _is_plain(schema))
        for field in schema
    )


def _ipc_schema(pa: Any, source: Any) -> Any:
    try:
        return pa.ipc.open_file(source).schema
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_stream(source).schema


def _is_plain(schema: Any) -> bool:
    """Tell whether no field says that it is required: then nullable, the default, says nothing, and all are."""
    return all(field.nullable for field in schema)


def _arrow_types(name: str) -> frozenset[str]:
    if name.startswith("dictionary<values="):
        name = name.removeprefix("dictionary<values=").partition(",")[0]
    if name.startswith(("timestamp", "date")):
        return frozenset({"datetime"})
    return frozenset({_ARROW.get(name, name)})
