"""The attributes of one container that are no series, each where it belongs: param, tag, attribute or file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

from trackbridge.errors import Rejected
from trackbridge.records.names import check_artifact_path, check_name, check_text
from trackbridge.records.times import check_ms, iso
from trackbridge.records.values import ParamValue, check_param
from trackbridge_neptune.dump import Container, table_of

__all__ = ["Attributes", "read_attributes", "system_ms", "system_text"]

_COLUMNS: Final = {
    "float": "float_value",
    "int": "int_value",
    "string": "string_value",
    "bool": "bool_value",
    "datetime": "datetime_value",
    "string_set": "string_set_value",
}
_FILES: Final = ("file", "file_series", "file_set", "artifact")
_SERIES: Final = ("float_series", "string_series", "histogram_series")


@dataclass(slots=True)
class Attributes:
    """What a container holds beside its series.

    Attributes:
        system: Neptune's own attributes, ``sys/…``, with plain values; times are in ms.
        params: All other values.
        files: Where each file lies relative to the project's folder, by its path as an artifact; a folder for a set.
        series: The names of the series by their type.
        unfit: Values that can be no param (by their names or lengths), as text by attribute.
        nameless: Files whose path the dump does not say, by attribute.
    """

    system: dict[str, ParamValue] = field(default_factory=dict)
    params: dict[str, ParamValue] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    series: dict[str, list[str]] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    nameless: list[str] = field(default_factory=list)

    @property
    def tags(self) -> dict[str, str]:
        """Neptune's tags, each a tag of its own with an empty value (T1)."""
        found = self.system.get("sys/tags")
        return {name: "" for name in found if _is_tag(name)} if isinstance(found, list) else {}


def read_attributes(container: Container) -> Attributes:
    """Read all of a container but the points of its series.

    Neptune 3 has a row with nothing in it for a value that a run lacks: those are passed over.
    """
    found = Attributes()
    columns = ["attribute_path", "attribute_type", "step", *_COLUMNS.values(), "file_value"]
    for batch in table_of(container, columns, [*_COLUMNS, *_FILES]).to_batches():
        for row in batch.to_pylist():
            if row["attribute_type"] in _COLUMNS:
                _take_value(found, row)
            else:
                _take_file(found, row)
    for batch in table_of(container, ["attribute_path", "attribute_type"], _SERIES).to_batches():
        for name, kind in {(row["attribute_path"], row["attribute_type"]) for row in batch.to_pylist()}:
            names = found.series.setdefault(kind, [])
            if name not in names:
                names.append(name)
    return found


def _take_value(found: Attributes, row: Mapping[str, Any]) -> None:
    path, value = row["attribute_path"], row[_COLUMNS[row["attribute_type"]]]
    if value is None:
        return
    if path.startswith("sys/"):
        found.system[path] = round(value.timestamp() * 1000) if isinstance(value, datetime) else value
        return
    if isinstance(value, datetime):
        value = iso(round(value.timestamp() * 1000))
    try:
        found.params[check_name(path, "param")] = check_param(value, path)
    except Rejected:
        found.unfit[path] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _take_file(found: Attributes, row: Mapping[str, Any]) -> None:
    attribute, stored = row["attribute_path"], (row["file_value"] or {}).get("path")
    if not stored:
        if row["step"] is not None or row["attribute_type"] != "file_series":
            found.nameless.append(attribute)
        return
    suffix = PurePosixPath(stored).suffix
    match row["attribute_type"]:
        case "artifact":
            path = f"{attribute}/{PurePosixPath(stored).name}"
        case "file_series":
            step = row["step"]
            path = f"{attribute}/{PurePosixPath(stored).name if step is None else f'{step.normalize():f}{suffix}'}"
        case "file" if suffix and not attribute.endswith(suffix):
            path = f"{attribute}{suffix}"
        case _:
            path = attribute
    try:
        path = check_artifact_path(path.strip("/"))
    except Rejected:
        path = check_artifact_path(PurePosixPath(stored).name)
    found.files[path] = stored


def _is_tag(name: object) -> bool:
    try:
        check_name(name, "tag")
    except Rejected:
        return False
    return not str(name).startswith("trackbridge.")


def system_ms(attributes: Attributes, name: str) -> int | None:
    """Give one of Neptune's times in ms, None where the dump has none that can be one."""
    value = attributes.system.get(name)
    try:
        return None if value is None else check_ms(value)
    except Rejected:
        return None


def system_text(attributes: Attributes, name: str) -> str | None:
    """Give one of Neptune's texts, None where it is empty or absent."""
    value = attributes.system.get(name)
    return check_text(value, name, max_bytes=2**20) if isinstance(value, str) and value.strip() else None
