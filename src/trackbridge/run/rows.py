"""The digest of a table in memory: of what it says, not of how a library lays it out (D1).

Columns are hashed as Arrow types. Lengths of strings, dictionaries, chunks, slices and what lies under a null make no
difference, so that a table of pandas, Polars and Arrow with the same columns has one digest. Types do: int32 is not
int64, and a time in microseconds is not one in nanoseconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trackbridge.errors import ConfigurationError, Rejected
from trackbridge.run.formats import arrow_table, plain

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TableFacts", "describe_table"]

_NAN_BITS: Final = 0x7FF8000000000000  # one NaN, as M1


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What is to be said of a table: its digest, its columns and their types as JSON, its rows."""

    digest: str
    schema: str
    rows: int


def describe_table(table: Any, *, any_order: bool = False) -> TableFacts:
    """Describe a table.

    Args:
        table: A pyarrow Table, a pandas or Polars DataFrame, a dict of columns, or a list of dicts.
        any_order: Let the same rows in another order have the same digest; it takes a sort. The order of columns counts.

    Returns:
        A digest ``table-sha256:hex``, or ``rows-sha256:hex`` for rows in any order.

    Raises:
        ConfigurationError: pyarrow is not installed.
        Rejected: that is no table.
    """
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ConfigurationError(
            "the digest of a table needs pyarrow", clause="D1", remedy="Install it: pip install 'trackbridge[tables]'."
        ) from error
    try:
        arrow = arrow_table(table)
        names, columns = map(str, arrow.column_names), [_Column.of(column) for column in arrow.columns]
    except (TypeError, ValueError, ArithmeticError, AttributeError, pa.ArrowException) as error:
        raise Rejected(
            f"the data is no table that can be hashed: {error}",
            clause="D1",
            remedy="Give a pyarrow, pandas or Polars table, or give its digest.",
        ) from error
    schema = {name: column.kind for name, column in zip(names, columns, strict=True)}
    values = [column.values for column in columns]
    if any_order and values:
        values = _sorted(values)
    total = hashlib.sha256(json.dumps([[*schema.items()], arrow.num_rows]).encode())
    for column in values:
        _hash(column, total.update)
    return TableFacts(
        f"{'rows' if any_order else 'table'}-sha256:{total.hexdigest()}", json.dumps(schema), arrow.num_rows
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """A column in one of two forms, int64 or large binary, with the type that it says it has."""

    kind: str
    values: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> _Column:
        import pyarrow as pa

        kind = column.type
        if pa.types.is_dictionary(kind):
            return cls.of(column.cast(kind.value_type))
        plain_kind = _plain_kind(kind)
        if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
            # Greater than int64 has: the same bits, which is all that a digest asks for.
            wide = column.combine_chunks().view(pa.int64()) if kind == pa.uint64() else column.cast(pa.int64())
            return cls(plain_kind, _one(wide))
        if pa.types.is_floating(kind):
            return cls(plain_kind, _bits(_one(column.cast(pa.float64()))))
        if pa.types.is_temporal(kind) and kind.bit_width in (32, 64) and kind not in _intervals():
            array = _one(column)
            return cls(plain_kind, array.view(pa.int32() if kind.bit_width == 32 else pa.int64()).cast(pa.int64()))
        if plain_kind in ("string", "binary"):
            return cls(
                plain_kind, _one(column.cast(pa.large_string() if plain_kind == "string" else pa.large_binary()))
            )
        texts = [None if one is None else json.dumps(one, default=_text, sort_keys=True) for one in column.to_pylist()]
        return cls(plain_kind, pa.array(texts, pa.large_string()))


def _intervals() -> tuple[Any, ...]:
    import pyarrow as pa

    return (pa.month_day_nano_interval(),)


def _plain_kind(kind: pa.DataType) -> str:
    """Name a type without what is only a matter of layout."""
    import pyarrow as pa

    text = str(kind)
    if pa.types.is_string(kind) or text in ("large_string", "string_view"):
        return "string"
    if pa.types.is_binary(kind) or text in ("large_binary", "binary_view"):
        return "binary"
    return text.replace("large_", "").replace("_view", "")


def _one(column: Any) -> pa.Array:
    """Give a column in one piece that begins where its memory does."""
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # of no chunks, or of more than one piece can have
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return pa.concat_arrays([array]) if not array.offset else pa.concat_arrays([array.slice(0, 0), array])


def _bits(floats: pa.Array) -> pa.Array:
    """Give the IEEE form of floats, all NaN alike; −0.0 is not 0.0, here and when rows are sorted."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.is_nan(floats), pa.scalar(_NAN_BITS, pa.int64()), floats.view(pa.int64()))


def _sorted(columns: list[pa.Array]) -> list[pa.Array]:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [str(number) for number in range(len(columns))]
    table = pa.table(columns, names=names)
    order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in names])
    return [_one(column) for column in table.take(order).columns]


def _hash(column: pa.Array, update: Callable[[Any], None]) -> None:
    """Hash which values there are, and the values; what lies under a null is a zero or nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    update(_bytes(pc.is_valid(column).cast(pa.uint8())))
    if column.type == pa.int64():
        update(_bytes(pc.fill_null(column, 0)))
        return
    filled = pc.fill_null(column, "" if column.type == pa.large_string() else b"")
    update(_bytes(pc.binary_length(filled).cast(pa.int64())))
    update(_content(filled))


def _bytes(array: pa.Array) -> memoryview:
    """Give the memory of numbers, little-endian as Arrow's is."""
    width = array.type.bit_width // 8
    memory = array.buffers()[1]
    if memory is None:
        return memoryview(b"")
    return memoryview(memory)[array.offset * width : (array.offset + len(array)) * width]


def _content(texts: pa.Array) -> memoryview:
    """Give the memory of texts one behind the other: what lies between the first one's start and the last one's end."""
    _, offsets, content = texts.buffers()
    if content is None or not len(texts):
        return memoryview(b"")
    places = memoryview(offsets).cast("q")
    return memoryview(content)[places[texts.offset] : places[texts.offset + len(texts)]]


def _text(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else str(value) if not hasattr(value, "isoformat") else plain(value)
