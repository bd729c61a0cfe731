"""Common formats for what a script has in memory: figures, images, tables, text."""

from __future__ import annotations

import csv
import importlib.util
import io
import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from trackbridge.errors import Rejected
from trackbridge.records.names import shown

__all__ = ["arrow_table", "figure_bytes", "image_bytes", "plain", "suffix_of", "table_bytes", "text_bytes"]


def suffix_of(path: str) -> str:
    """Give what follows the last dot of a file's name, in lower case; "" for none."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name.strip(".") else ""


def text_bytes(text: str, path: str) -> bytes:
    """Give a text in UTF-8; raise `Rejected` for a lone surrogate."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Rejected(
            f"the text of {shown(path)} has a lone surrogate at position {error.start}", clause="A1"
        ) from None


def plain(value: Any) -> Any:
    """Give what JSON has instead of an array, a scalar, a set or a path: the `default` of `json.dumps`."""
    for method in ("tolist", "item", "isoformat", "__fspath__"):
        convert = getattr(value, method, None)
        if callable(convert):
            return convert()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    raise TypeError(f"{type(value).__name__} is no JSON")


def figure_bytes(figure: Any, path: str) -> bytes:
    """Give a figure in the format that the path's suffix names.

    Files of matplotlib carry no time and no random names, so that equal figures are equal files (C2).
    """
    suffix, target = suffix_of(path), io.BytesIO()
    try:
        if hasattr(figure, "savefig"):
            metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(suffix)
            with _fixed_names():
                figure.savefig(target, format=suffix or "png", **({"metadata": metadata} if metadata else {}))
            return target.getvalue()
        if suffix == "html" and hasattr(figure, "to_html"):
            named = {"div_id": "figure"} if type(figure).__module__.startswith("plotly.") else {}
            return str(figure.to_html(**named)).encode()
        if hasattr(figure, "write_image"):
            figure.write_image(target, format=suffix or "png")
            return target.getvalue()
    except Exception as error:
        raise Rejected(
            f"the figure {shown(path)} cannot be written as {suffix or 'png'}: {error}",
            clause="A1",
            remedy="End the path with .png or .svg.",
        ) from error
    raise Rejected(
        f"{shown(figure)} is no figure",
        clause="A1",
        remedy="Give what has savefig or write_image, or use log_artifact.",
    )


def _fixed_names() -> AbstractContextManager[None]:
    """Let matplotlib name the parts of an SVG by their content alone, unless the user has salted these names."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None or matplotlib.rcParams["svg.hashsalt"] is not None:
        return nullcontext()
    context: AbstractContextManager[None] = matplotlib.rc_context({"svg.hashsalt": "trackbridge"})
    return context


def image_bytes(image: Any, path: str) -> tuple[bytes, int, int]:
    """Give a PIL image or an array as PNG, with its width and height in pixels."""
    if callable(save := getattr(image, "save", None)) and hasattr(image, "size") and not hasattr(image, "dtype"):
        target = io.BytesIO()
        save(target, format="PNG")
        return target.getvalue(), *image.size
    if not hasattr(image, "shape") or not hasattr(image, "dtype"):
        raise Rejected(
            f"{shown(image)} is no image", clause="A1", remedy="Give a path, a PIL image or an array of pixels."
        )
    return _array_png(image, path)


def _array_png(image: Any, path: str) -> tuple[bytes, int, int]:
    import numpy as np

    pixels = np.asarray(image.detach().cpu() if hasattr(image, "detach") else image)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2] if pixels.ndim == 3 else 0
    if channels not in (1, 3, 4) or 0 in pixels.shape:
        raise Rejected(
            f"the image {shown(path)} has the shape {pixels.shape}",
            clause="A1",
            remedy="Use (height, width), or (height, width, channels) with 1, 3 or 4 channels.",
        )
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * 255
    elif np.issubdtype(pixels.dtype, np.floating):
        pixels = np.rint(np.clip(np.nan_to_num(pixels), 0.0, 1.0) * 255).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        if pixels.min() < 0 or pixels.max() > 255:
            raise Rejected(f"the image {shown(path)} has pixels outside of 0 … 255", clause="A1", remedy="Scale it.")
        pixels = pixels.astype(np.uint8)
    height, width = pixels.shape[:2]
    rows = [row.tobytes() for row in np.ascontiguousarray(pixels)]
    return _png(rows, width, height, channels), width, height


def _png(rows: Sequence[bytes], width: int, height: int, channels: int) -> bytes:
    """Write a PNG of 8 bits a channel (PNG specification, third edition); no imaging library is asked for."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    color = {1: 0, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    data = zlib.compress(b"".join(b"\x00" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def table_bytes(table: Any, path: str) -> tuple[str, bytes, int, tuple[str, ...]]:
    """Give path, content, row count and column names of a table, in Parquet or CSV."""
    has_arrow = importlib.util.find_spec("pyarrow") is not None
    suffix = suffix_of(path)
    if suffix not in ("parquet", "csv"):
        suffix = "parquet" if has_arrow else "csv"
        path = f"{path}.{suffix}"
    try:
        if has_arrow:
            return path, *_arrow_bytes(arrow_table(table), suffix)
        if suffix == "csv":
            return path, *_csv_bytes(_columns(table))
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise Rejected(
            f"the table {shown(path)} cannot be written: {error}",
            clause="A1",
            remedy="Give a pyarrow, pandas or Polars table, or a dict of columns of one length and of one type each.",
        ) from error
    raise Rejected(
        f"the table {shown(path)} cannot be written as Parquet without pyarrow",
        clause="A1",
        remedy="Install it: pip install 'trackbridge[tables]', or end the path with .csv.",
    )


def arrow_table(table: Any) -> Any:
    """Give the ``pyarrow.Table`` of a pyarrow, pandas or Polars table, a dict of columns, or a list of rows."""
    import pyarrow as pa

    if isinstance(table, pa.Table):
        return table
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if callable(to_arrow := getattr(table, "to_arrow", None)):  # Polars
        return to_arrow()
    if type(table).__module__.partition(".")[0] == "pandas":
        return pa.Table.from_pandas(table)
    return pa.table(dict(_columns(table)))


def _arrow_bytes(table: Any, suffix: str) -> tuple[bytes, int, tuple[str, ...]]:
    target = io.BytesIO()
    if suffix == "csv":
        from pyarrow import csv as arrow_csv

        arrow_csv.write_csv(table, target)
    else:
        from pyarrow import parquet

        parquet.write_table(table, target)
    return target.getvalue(), table.num_rows, tuple(map(str, table.column_names))


def _columns(table: Any) -> dict[str, list[Any]]:
    """Give the columns of what is no table of a known library: a dict of them, or a list of rows."""
    if (
        isinstance(table, Sequence)
        and not isinstance(table, str | bytes)
        and all(isinstance(r, Mapping) for r in table)
    ):
        names = dict.fromkeys(str(name) for row in table for name in row)
        return {name: [row.get(name) for row in table] for name in names}
    if not isinstance(table, Mapping):
        to_dict = getattr(table, "to_dict", None)
        if not callable(to_dict):
            raise TypeError(f"{type(table).__name__} is no table")
        table = to_dict("list")
    columns = {str(name): list(getattr(values, "tolist", lambda v=values: v)()) for name, values in table.items()}
    if len({len(values) for values in columns.values()}) > 1:
        raise ValueError("the columns differ in length")
    return columns


def _csv_bytes(columns: Mapping[str, list[Any]]) -> tuple[bytes, int, tuple[str, ...]]:
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(columns)
    rows = list(zip(*columns.values(), strict=True))
    writer.writerows(rows)
    return target.getvalue().encode(), len(rows), tuple(columns)
