"""Writes dumps as neptune-exporter's documentation describes them: its schema, its names of folders and parts."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

SCHEMA = pa.schema(
    [
        ("project_id", pa.string()),
        ("run_id", pa.string()),
        ("attribute_path", pa.string()),
        ("attribute_type", pa.string()),
        ("step", pa.decimal128(18, 6)),
        ("timestamp", pa.timestamp("ms", tz="UTC")),
        ("int_value", pa.int64()),
        ("float_value", pa.float64()),
        ("string_value", pa.string()),
        ("bool_value", pa.bool_()),
        ("datetime_value", pa.timestamp("ms", tz="UTC")),
        ("string_set_value", pa.list_(pa.string())),
        ("file_value", pa.struct([("path", pa.string())])),
        (
            "histogram_value",
            pa.struct([("type", pa.string()), ("edges", pa.list_(pa.float64())), ("values", pa.list_(pa.float64()))]),
        ),
    ]
)
NOW = datetime(2025, 1, 1, tzinfo=UTC)
NOW_MS = 1_735_689_600_000
PROJECT = "team/fraud"


def folder_name(text: str) -> str:
    plain = "".join(c if c.isalnum() or c in "_-" else "_" for c in text)
    return f"{plain}-{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def value(path: str, kind: str, content: Any) -> dict[str, Any]:
    return {"attribute_path": path, "attribute_type": kind, f"{kind}_value": content}


def file(path: str, kind: str, stored: str | None, step: str | None = None) -> dict[str, Any]:
    return {
        "attribute_path": path,
        "attribute_type": kind,
        "file_value": {"path": stored},
        "step": None if step is None else Decimal(step),
    }


def point(
    path: str, step: str | None, number: Any, *, ms: int | None = 0, kind: str = "float_series"
) -> dict[str, Any]:
    column = {"float_series": "float_value", "string_series": "string_value", "histogram_series": "histogram_value"}[
        kind
    ]
    return {
        "attribute_path": path,
        "attribute_type": kind,
        "step": None if step is None else Decimal(step),
        "timestamp": None if ms is None else NOW_MS + ms,
        column: number,
    }


def system(name: str, *, failed: bool = False, state: str = "Inactive") -> list[dict[str, Any]]:
    return [
        value("sys/name", "string", name),
        value("sys/creation_time", "datetime", NOW),
        value("sys/running_time", "float", 12.5),
        value("sys/state", "string", state),
        value("sys/failed", "bool", failed),
        value("sys/tags", "string_set", ["prod", "blue"]),
        value("sys/description", "string", "what it was for"),
    ]


def write(root: Path, name: str, *parts: list[dict[str, Any]], project: str = PROJECT, scope: str = "") -> list[Path]:
    """Write the parts of a run, or with a scope of a model or version; give their files."""
    folder = root / ("model_data" if scope else "data") / folder_name(project) / scope
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for n, rows in enumerate(parts):
        table = pa.Table.from_pylist([{"project_id": project, "run_id": name, **row} for row in rows], schema=SCHEMA)
        files.append(folder / f"{folder_name(name)}_part_{n}.parquet")
        parquet.write_table(table, files[-1], compression="snappy")
    return files


def put(root: Path, stored: str, data: bytes, *, project: str = PROJECT, scope: str = "files") -> None:
    target = root / scope / folder_name(project) / stored
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)


def whole(root: Path) -> Path:
    """Write a dump with all there can be."""
    histogram = {"type": "COUNTING", "edges": [0.0, 1.0, 2.0], "values": [3.0, 4.0]}
    write(
        root,
        "RUN-1",
        [
            *system("gbm"),
            value("params/lr", "float", 0.1),
            value("params/depth", "int", 7),
            value("params/note", "string", "ünïcode"),
            value("params/on", "bool", True),
            value("params/when", "datetime", NOW),
            value("params/columns", "string_set", ["a", "b"]),
            value("params/absent", "float", None),
            value("params/long", "string", "x" * 70_000),
            point("train/loss", "2", 0.25, ms=2),
            point("train/loss", "1", 0.5, ms=1),
        ],
        [
            point("train/loss", "3", float("nan"), ms=3),
            point("train/loss", "3", float("nan"), ms=3),
            point("val/auc", "1", 0.9, ms=None),
            point("val/auc", "2", None),
            point("logs", "0", "hello", kind="string_series"),
            point("logs", "1.5", "world", kind="string_series"),
            point("weights", "0", histogram, kind="histogram_series"),
            file("model", "file", "RUN-1/model/model.bin"),
            file("images", "file_series", "RUN-1/images/0.png", "0"),
            file("images", "file_series", "RUN-1/images/1.png", "0.5"),
            file("source_code", "file_set", "RUN-1/source_code"),
            file("data", "artifact", "RUN-1/data/files_list.json"),
        ],
    )
    put(root, "RUN-1/model/model.bin", b"weights")
    put(root, "RUN-1/images/0.png", b"png0")
    put(root, "RUN-1/images/1.png", b"png1")
    put(root, "RUN-1/source_code/train.py", b"print()")
    put(root, "RUN-1/source_code/lib/util.py", b"pass")
    put(root, "RUN-1/data/files_list.json", b"[]")
    half = [point("loss", str(n / 2), float(n), ms=n) for n in range(2_000)]
    write(
        root,
        "RUN-2",
        [*system("fork", failed=True), value("sys/forking/parent", "string", "RUN-1"), *half],
    )
    write(root, "RUN-3", [*system("hung", state="Active")])
    write(root, "FR-MOD", [*system("the model")], scope="models")
    for n, stage in ((1, "archived"), (2, "production")):
        rows = [*system(f"v{n}"), value("sys/stage", "string", stage), value("val/auc", "float", 0.9)]
        stored = f"model_versions/FR-MOD-{n}/weights.bin"
        write(root, f"FR-MOD-{n}", [*rows, file("weights", "file", stored)], scope="model_versions")
        put(root, stored, b"w%d" % n, scope="model_files")
    return root
