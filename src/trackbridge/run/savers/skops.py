"""Scikit-learn models by skops: a format whose loading runs no code that nobody trusts (G2).

https://skops.readthedocs.io/en/stable/persistence.html
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any, Final

from trackbridge.errors import Rejected
from trackbridge.protocol import ModelSaver, SavedModel, hookimpl
from trackbridge.run.formats import plain
from trackbridge.run.savers.skops_file import stable

__all__ = ["trackbridge_model_savers"]

_FILE: Final = "model.skops"
_SIGNATURE: Final = "signature.json"
_EXAMPLE: Final = "input_example.json"


def _can_save(model: Any) -> bool:
    packages = {each.__module__.partition(".")[0] for each in type(model).__mro__}
    return "sklearn" in packages and hasattr(model, "fit") and importlib.util.find_spec("skops") is not None


def _save(model: Any, folder: Path, signature: str | None, input_example: Any) -> SavedModel:
    import skops.io

    content = skops.io.dumps(model)
    (folder / _FILE).write_bytes(stable(content))
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
