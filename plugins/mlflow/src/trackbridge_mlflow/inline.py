"""Objects of the sidecar that travel as tags, so that they come along with whatever they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trackbridge_mlflow.tags import OBJECT, chunked, joined

__all__ = ["AWAY", "inline_names", "inline_objects", "object_tags", "pointer"]

AWAY: Final = ":a"  # ends the tag that says: this object is an artifact, of so many bytes
RUN_CHUNK_CHARS: Final = 7_900


def object_tags(name: str, data: bytes, *, chars: int) -> dict[str, str]:
    """Give the tags that hold an object."""
    return chunked(OBJECT + name, data, chars=chars)


def pointer(name: str, data: bytes) -> dict[str, str]:
    """Give the tag that says that an object lies elsewhere."""
    return {f"{OBJECT}{name}{AWAY}": str(len(data))}


def inline_names(tags: Mapping[str, str], prefix: str = "") -> dict[str, int | None]:
    """Give the names of all objects, each with its size where it lies elsewhere, else None."""
    names: dict[str, int | None] = {}
    for key, value in tags.items():
        if key.startswith(OBJECT + prefix):
            if key.endswith(":0"):
                names[key.removeprefix(OBJECT).removesuffix(":0")] = None
            elif key.endswith(AWAY):
                names.setdefault(key.removeprefix(OBJECT).removesuffix(AWAY), int(value))
    return names


def inline_objects(tags: Mapping[str, str], prefix: str = "") -> dict[str, bytes | None]:
    """Give the objects whose name begins with `prefix`: their bytes, or None for those that lie elsewhere."""
    found = inline_names(tags, prefix)
    objects = {name: None if size is not None else joined(OBJECT + name, tags) for name, size in found.items()}
    return {name: data for name, data in objects.items() if data is not None or found[name] is not None}
