"""Skops files written so that equal models are equal files (C2)."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any, Final

__all__ = ["stable"]

_SCHEMA: Final = "schema.json"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can say


def stable(content: bytes) -> bytes:
    """Write a skops file anew, so that equal models are equal files (C2).

    What differs between two of them are times, the memory addresses that number objects and name members, which become
    1, 2, … in the order of the schema, and the bytes between the fields of a tree's nodes, which nobody ever set.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w") as copy:
        ids: dict[int, int] = {}
        names: dict[str, str] = {}
        schema = _renumbered(json.loads(source.read(_SCHEMA)), ids, names)
        members = {new: _without_gaps(source.read(old), new) for old, new in names.items()}
        for name, data in {_SCHEMA: json.dumps(schema, indent=1).encode(), **members}.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            copy.writestr(member, data)
    return target.getvalue()


def _renumbered(node: Any, ids: dict[int, int], names: dict[str, str]) -> Any:
    """Give a part of the schema with its addresses replaced, noting in `ids` and `names` what became of each."""
    if isinstance(node, list):
        return [_renumbered(item, ids, names) for item in node]
    if not isinstance(node, dict):
        return node
    new = {key: _renumbered(item, ids, names) for key, item in node.items()}
    if isinstance(address := node.get("__id__"), int):
        new["__id__"] = ids.setdefault(address, len(ids) + 1)
    if isinstance(name := node.get("file"), str) and "__loader__" in node:
        new["file"] = names.setdefault(name, f"{len(names) + 1}{Path(name).suffix}")
    return new


def _without_gaps(data: bytes, name: str) -> bytes:
    """Give an array's file with zeros in the padding of its records; any other file as it is."""
    if not name.endswith(".npy"):
        return data
    import numpy as np

    array = np.load(io.BytesIO(data), allow_pickle=False)
    if array.dtype.names is None:
        return data
    clean = np.zeros(array.shape, array.dtype)  # zeros_like would leave the gaps as they are
    for field in array.dtype.names:
        clean[field] = array[field]
    target = io.BytesIO()
    np.save(target, clean, allow_pickle=False)
    return target.getvalue()
