"""Sidecar objects: a line of JSON per entry, named by writer, sequence and hash."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from trackbridge.errors import IntegrityError
from trackbridge.protocol import NativeRun, ObjectStore, Scope
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.values import canonical_json, decode_value, encode_value
from trackbridge.records.writes import Stamp
from trackbridge.sidecar.entries import (
    ArtifactEntry,
    AttributeEntry,
    DatasetEntry,
    Entry,
    MetricEntry,
    ParamEntry,
    PointsEntry,
    StatusEntry,
    TagEntry,
)

__all__ = ["FOLDER", "decode_entries", "encode_entries", "object_name", "read_entries"]

FOLDER: Final = "sidecar/"
FORMAT: Final = "trackbridge-sidecar 1"

_KINDS: Final = {
    entry.kind: entry
    for entry in (
        ArtifactEntry, AttributeEntry, DatasetEntry, MetricEntry, ParamEntry, PointsEntry, StatusEntry, TagEntry,
    )
}  # fmt: skip

# How a field is written, by its name: the same name has the same type in every family.
_PACK: Final[Mapping[str, Callable[[Any], Any]]] = {
    "native": encode_value,
    "value": encode_value,
    "stamp": list,
    "columns": lambda data: base64.b64encode(data).decode(),
    "dataset": DatasetRecord.as_json,
}
_UNPACK: Final[Mapping[str, Callable[[Any], Any]]] = {
    "native": decode_value,
    "value": decode_value,
    "stamp": lambda parts: Stamp(*parts),
    "columns": lambda text: base64.b64decode(text, validate=True),
    "dataset": lambda parts: DatasetRecord(**parts),
}


def encode_entries(entries: Iterable[Entry]) -> bytes:
    """Give the bytes of a sidecar object: the same set of entries always gives the same bytes."""
    return "\n".join([FORMAT, *sorted({_line(entry) for entry in entries}), ""]).encode()


def decode_entries(data: bytes) -> tuple[Entry, ...]:
    """Read a sidecar object back; raise `IntegrityError` where it is none, or of a later format."""
    return tuple(_entry(line) for line in _lines(data))


def object_name(writer: str, sequence: int, data: bytes) -> str:
    """Name a sidecar object; the hash tells two contents apart that a crash gave one sequence."""
    return f"{FOLDER}{writer}-{sequence:08d}-{_hash(data)}"


def read_entries(objects: ObjectStore, native: NativeRun) -> tuple[Entry, ...]:
    """Read all entries of a run, each once, in an order that does not depend on who wrote them when.

    Raises:
        IntegrityError: an object's bytes are not those it was named for.
    """
    lines: set[str] = set()
    for name, known in native.sidecar.items():
        data = objects.get(Scope("run", native.id), name) if known is None else known
        if not name.endswith(f"-{_hash(data)}"):
            raise IntegrityError(
                f"the sidecar object {name} of run {native.id} was changed after it was written",
                clause="X3",
                remedy="Restore it from a copy, or delete it to read what the vendor's own fields hold.",
            )
        lines.update(_lines(data))
    return tuple(_entry(line) for line in sorted(lines))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _lines(data: bytes) -> list[str]:
    try:
        head, *lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise IntegrityError(f"a sidecar object is not text: {error}", clause="X3") from error
    if head != FORMAT:
        raise IntegrityError(
            f"a sidecar object begins with {head[:40]!r}, not {FORMAT!r}", clause="X3", remedy="Upgrade trackbridge."
        )
    return [line for line in lines if line]


def _line(entry: Entry) -> str:
    parts: dict[str, Any] = {"kind": entry.kind}
    for field in fields(entry):
        value = getattr(entry, field.name)
        pack = _PACK.get(field.name)
        parts[field.name] = value if pack is None else pack(value)
    return canonical_json(parts)


def _entry(line: str) -> Entry:
    try:
        parts: dict[str, Any] = json.loads(line)
        make = _KINDS[parts.pop("kind")]
        unpacked = {name: _UNPACK[name](value) if name in _UNPACK else value for name, value in parts.items()}
        entry: Entry = make(**unpacked)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise IntegrityError(
            f"a sidecar entry cannot be read: {error!r}", clause="X3", remedy="Upgrade trackbridge."
        ) from error
    return entry
