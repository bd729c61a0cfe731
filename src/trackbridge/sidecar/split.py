"""What an adapter is given, and what the sidecar keeps beside it: writes and artifacts (X3)."""

from __future__ import annotations

import re
from typing import Final

from trackbridge.protocol import Limits
from trackbridge.protocol.limits import ALL_TYPES
from trackbridge.records.values import ParamValue
from trackbridge.records.writes import AttributeWrite, RunWrites, Stamp, TagWrite
from trackbridge.sidecar.entries import (
    ArtifactEntry,
    AttributeEntry,
    DatasetEntry,
    Entry,
    ParamEntry,
    StatusEntry,
    TagEntry,
)
from trackbridge.sidecar.naming import fit_text, native_name, native_path, native_text

__all__ = ["split_artifact", "split_writes", "type_name"]

# Texts that another type has as its native form, too.
_AMBIGUOUS: Final = re.compile(r"True|False|None|nan|-?inf|-?[0-9][0-9.e+-]*|[\[{].*", re.DOTALL)
_TYPES: Final = {type(None): "none", bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}


def split_writes(writes: RunWrites, limits: Limits) -> tuple[RunWrites, tuple[Entry, ...]]:
    """Give the writes in the form that the backend's fields hold, and the entries that restore the rest.

    The entries must be stored before the writes are: a crash in between then leaves entries that accompany nothing
    and apply to nothing, never a native value without its truth.
    """
    entries: list[Entry] = []
    params = {}
    for name, value in writes.params.items():
        shown_name, shown = native_name(name, limits.param_name), _native_param(value, limits)
        params[shown_name] = shown
        if shown_name != name or shown is not value or _may_be_another(value, limits):
            entries.append(ParamEntry(shown_name, shown, name, value))
    tags = tuple(_split_tag(write, limits, entries) for write in writes.tags)
    attributes = tuple(_split_attribute(write, limits, entries) for write in writes.attributes)
    if not limits.datasets:
        entries += map(DatasetEntry, writes.datasets)
    status = writes.status
    if status and not limits.stamps:
        entries.append(StatusEntry(status.epoch, status.status, status.ended_ms, status.stamp))
    return RunWrites(params, tags, attributes, writes.datasets, status), tuple(entries)


def split_artifact(path: str, size: int, sha256: str, stamp: Stamp, limits: Limits) -> tuple[str, tuple[Entry, ...]]:
    """Give the path under which the backend keeps an artifact, and the entry that restores path and checksum."""
    shown = native_path(path, limits.artifact_path)
    if shown == path and limits.artifact_hashes:
        return path, ()
    return shown, (ArtifactEntry(shown, path, size, sha256, stamp),)


def type_name(value: ParamValue) -> str:
    """Give the name of a value's type as `Limits.param_types` spells it."""
    return _TYPES[type(value)]


def _native_param(value: ParamValue, limits: Limits) -> ParamValue:
    if isinstance(value, str) or type_name(value) not in limits.param_types:
        text = fit_text(native_text(value), max_chars=limits.param_chars, nul=limits.param_nul)
        return value if text == value else text
    return value


def _may_be_another(value: ParamValue, limits: Limits) -> bool:
    """Tell whether a text is what a backend without types shows of another value as well."""
    return isinstance(value, str) and not limits.param_types >= ALL_TYPES and _AMBIGUOUS.fullmatch(value) is not None


def _split_tag(write: TagWrite, limits: Limits, entries: list[Entry]) -> TagWrite:
    name = native_name(write.name, limits.tag_name)
    value = write.value
    shown = None if value is None else fit_text(value, max_chars=limits.tag_chars, nul=limits.param_nul)
    if not limits.stamps or name != write.name or shown != value:
        entries.append(TagEntry(name, shown, write.name, value, write.stamp, fold=not limits.stamps))
    return TagWrite(name, shown, write.stamp)


def _split_attribute(write: AttributeWrite, limits: Limits, entries: list[Entry]) -> AttributeWrite:
    name = native_name(write.name, limits.tag_name)
    value = write.value
    shown = value
    if value is not None and (isinstance(value, str) or not limits.typed_attributes):
        text = fit_text(native_text(value), max_chars=limits.tag_chars, nul=limits.param_nul)
        shown = value if text == value else text
    if not limits.stamps or name != write.name or shown is not value:
        entries.append(AttributeEntry(name, shown, write.name, value, write.stamp, fold=not limits.stamps))
    return AttributeWrite(name, shown, write.stamp)
