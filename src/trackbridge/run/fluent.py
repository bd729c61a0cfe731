"""The calls of a run as functions: each acts on the active run, see `active_run`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from trackbridge.run.active import active_run
from trackbridge.run.run import Run

__all__ = [
    "delete_tag",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_metric",
    "log_metrics",
    "log_model",
    "log_param",
    "log_params",
    "log_series",
    "log_table",
    "log_text",
    "register_model",
    "set_name",
    "set_notes",
    "set_tag",
    "set_tags",
    "use_dataset",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _on_active_run(method: Callable[Concatenate[Run, _P], _R]) -> Callable[_P, _R]:
    @wraps(method)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        return method(active_run(), *args, **kwargs)

    signature = inspect.signature(method)
    call.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]  # read by help() and inspect
    return call


delete_tag = _on_active_run(Run.delete_tag)
log_artifact = _on_active_run(Run.log_artifact)
log_artifacts = _on_active_run(Run.log_artifacts)
log_dict = _on_active_run(Run.log_dict)
log_figure = _on_active_run(Run.log_figure)
log_image = _on_active_run(Run.log_image)
log_metric = _on_active_run(Run.log_metric)
log_metrics = _on_active_run(Run.log_metrics)
log_model = _on_active_run(Run.log_model)
log_param = _on_active_run(Run.log_param)
log_params = _on_active_run(Run.log_params)
log_series = _on_active_run(Run.log_series)
log_table = _on_active_run(Run.log_table)
log_text = _on_active_run(Run.log_text)
register_model = _on_active_run(Run.register_model)
set_name = _on_active_run(Run.set_name)
set_notes = _on_active_run(Run.set_notes)
set_tag = _on_active_run(Run.set_tag)
set_tags = _on_active_run(Run.set_tags)
use_dataset = _on_active_run(Run.use_dataset)
