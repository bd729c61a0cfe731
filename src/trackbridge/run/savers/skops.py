"""Scikit-learn models by skops: a format whose loading runs no code that nobody trusts (G2).

https://skops.readthedocs.io/en/stable/persistence.html
"""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from pathlib import Path
from typing import Any, Final

from trackbridge.errors import Rejected
from trackbridge.protocol import ModelSaver, SavedModel, hookimpl
from trackbridge.run.formats import plain

__all__ = ["trackbridge_model_savers"]

_FILE: Final = "model.skops"
_SCHEMA: Final = "schema.json"
_SIGNATURE: Final = "signature.json"
_EXAMPLE: Final = "input_example.json"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can say


def _can_save(model: Any) -> bool:
    packages = {each.__module__.partition(".")[0] for each in type(model).__mro__}
    return "sklearn" in packages and hasattr(model, "fit") and importlib.util.find_spec("skops") is not None


def _save(model: Any, folder: Path, signature: str | None, input_example: Any) -> SavedModel:
    import skops.io

    content = skops.io.dumps(model)
    (folder / _FILE).write_bytes(_stable(content))
    if signature is not None:
        (folder / _SIGNATURE).write_text(signature, encoding="utf-8")
    if input_example is not None:
        (folder / _EXAMPLE).write_text(_example_text(input_example), encoding="utf-8")
    runs_code = bool(skops.io.get_untrusted_types(data=content))
    return SavedModel("skops", runs_code, _EXAMPLE if input_example is not None else None)


def _example_text(example: Any) -> str:
    if callable(to_dict := getattr(example, "to_dict", None)):
        example = to_dict("list") if type(example).__module__.startswith("pandas") else to_dict(as_series=False)
    return json.dumps(example, ensure_ascii=False, default=plain)


def _stable(content: bytes) -> bytes:
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


def _can_load(folder: Path) -> bool:
    return (folder / _FILE).is_file()


def _load(folder: Path, trusted: bool) -> Any:
    import skops.io

    file = folder / _FILE
    unknown = skops.io.get_untrusted_types(file=file)
    if unknown and not trusted:
        raise Rejected(
            f"loading the model could run code of {', '.join(sorted(unknown))}",
            clause="G2",
            remedy="Load it with trusted=True if you trust where it comes from.",
        )
    return skops.io.load(file, trusted=unknown)


@hookimpl
def trackbridge_model_savers() -> tuple[ModelSaver, ...]:
    """Give the saver of scikit-learn models."""
    return (ModelSaver(name="skops", priority=10, can_save=_can_save, save=_save, can_load=_can_load, load=_load),)
