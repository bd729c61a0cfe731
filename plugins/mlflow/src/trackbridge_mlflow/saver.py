"""Models saved with MLflow's flavors, as MLmodel folders, without a run (G2).

Where MLflow is installed these come before trackbridge's own savers, so that a model is the same folder on every
backend, and ``mlflow.pyfunc.load_model`` loads it.
"""

from __future__ import annotations

import json
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from trackbridge.errors import Rejected
from trackbridge.protocol import ModelSaver, SavedModel, hookimpl
from trackbridge.run.savers.skops_file import stable

__all__ = ["trackbridge_model_savers"]

# The package that a model's class, or one it derives from, comes from → the flavor of mlflow that saves it.
_FLAVORS: Final = {
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "torch": "pytorch",
    "keras": "keras",
    "statsmodels": "statsmodels",
    "sklearn": "sklearn",  # last, for other packages' models derive from its classes
}
_PYTHON_MODEL: Final = "mlflow.pyfunc.model.PythonModel"
_MLMODEL: Final = "MLmodel"
_EXAMPLE: Final = "input_example.json"
_SKOPS: Final = "model.skops"


def _can_save(model: Any) -> bool:
    return find_spec("mlflow") is not None and find_spec("pandas") is not None and _flavor(model) is not None


def _flavor(model: Any) -> str | None:
    if isinstance(model, type):
        return None
    kinds = type(model).__mro__
    if any(f"{kind.__module__}.{kind.__qualname__}" == _PYTHON_MODEL for kind in kinds):
        return "pyfunc"
    packages = {kind.__module__.partition(".")[0] for kind in kinds}
    if "sklearn" in packages and not hasattr(model, "fit"):
        return None
    return next((flavor for package, flavor in _FLAVORS.items() if package in packages), None)


def _save(model: Any, folder: Path, signature: str | None, input_example: Any) -> SavedModel:
    flavor = _flavor(model)
    module = _module(str(flavor))
    options: dict[str, Any] = {"signature": _signature(signature), "input_example": input_example}
    unknown: list[str] = []
    if flavor == "pyfunc":
        options |= {"python_model": model, "pip_requirements": module.get_default_pip_requirements()}
    elif flavor == "sklearn":
        import skops.io

        unknown = skops.io.get_untrusted_types(data=skops.io.dumps(model))
        options |= {
            "serialization_format": "skops",
            "skops_trusted_types": unknown,
            "pip_requirements": module.get_default_pip_requirements(include_skops=True),
        }
    else:
        # Without these MLflow would load the model in a process of its own, only to see what it imports.
        options["pip_requirements"] = module.get_default_pip_requirements()
    if flavor == "pyfunc":
        module.save_model(str(folder), **options)
    else:
        module.save_model(model, str(folder), **options)
    if flavor == "sklearn":
        file = folder / _SKOPS
        file.write_bytes(stable(file.read_bytes()))
    example = _EXAMPLE if (folder / _EXAMPLE).is_file() else None
    return SavedModel(f"mlflow.{flavor}", flavor != "sklearn" or bool(unknown), example)


def _signature(text: str | None) -> Any:
    """Give MLflow's signature of ours, which has the same columns, each side as JSON of its own."""
    if text is None:
        return None
    sides = {name: json.dumps(columns) for name, columns in json.loads(text).items()}
    return _module("models").ModelSignature.from_dict(sides)


def _module(name: str) -> Any:
    """Import a part of MLflow; what it warns of while being imported is none of the user's business."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_module("mlflow.pyfunc")  # which every flavor would import later, while it saves
        return import_module(f"mlflow.{name}")


def _can_load(folder: Path) -> bool:
    return (folder / _MLMODEL).is_file() and find_spec("mlflow") is not None


def _load(folder: Path, trusted: bool) -> Any:
    flavors = dict(_module("models").Model.load(str(folder)).flavors)
    native = next((name for name in flavors if name != "python_function"), None)
    if not trusted and not _harmless(folder, flavors):
        raise Rejected(
            f"loading a model of the flavor {native or 'python_function'} could run code",
            clause="G2",
            remedy="Load it with trusted=True if you trust where it comes from.",
        )
    if native is None:
        return _module("pyfunc").load_model(str(folder))
    return _module(native).load_model(str(folder))


def _harmless(folder: Path, flavors: dict[str, Any]) -> bool:
    """Tell whether a model is one of scikit-learn's, in a file that names nothing but what skops knows."""
    data = str(flavors.get("sklearn", {}).get("pickled_model", ""))
    if set(flavors) != {"sklearn", "python_function"} or not data.endswith(_SKOPS) or flavors["sklearn"].get("code"):
        return False
    import skops.io

    return not skops.io.get_untrusted_types(file=folder / data)


@hookimpl
def trackbridge_model_savers() -> tuple[ModelSaver, ...]:
    """Give the saver of everything that one of MLflow's flavors saves."""
    return (ModelSaver(name="mlflow", priority=20, can_save=_can_save, save=_save, can_load=_can_load, load=_load),)
