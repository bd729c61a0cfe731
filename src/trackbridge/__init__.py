"""trackbridge: one API for ML experiment tracking and model registries; the vendor is a line of configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackbridge.config import configure
    from trackbridge.errors import (
        AuthError,
        ConfigurationError,
        Conflict,
        IntegrityError,
        NotFound,
        Rejected,
        TrackbridgeError,
        Transient,
        Unsupported,
    )
    from trackbridge.records.metrics import MetricPoint, MetricSummary
    from trackbridge.records.models import ModelRecord, ModelVersion
    from trackbridge.records.runs import RunRecord
    from trackbridge.run import (
        Run,
        active_run,
        delete_tag,
        infer_signature,
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_image,
        log_metric,
        log_metrics,
        log_model,
        log_param,
        log_params,
        log_series,
        log_table,
        log_text,
        register_model,
        set_name,
        set_notes,
        set_tag,
        set_tags,
        start_run,
        use_dataset,
    )
    from trackbridge.shipping import Delivery, PendingVersion
    from trackbridge.store import Store, connect

__version__ = "0.1.0"

__all__ = [
    "AuthError",
    "ConfigurationError",
    "Conflict",
    "Delivery",
    "IntegrityError",
    "MetricPoint",
    "MetricSummary",
    "ModelRecord",
    "ModelVersion",
    "NotFound",
    "PendingVersion",
    "Rejected",
    "Run",
    "RunRecord",
    "Store",
    "TrackbridgeError",
    "Transient",
    "Unsupported",
    "active_run",
    "configure",
    "connect",
    "delete_tag",
    "infer_signature",
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
    "start_run",
    "use_dataset",
]

_RUN = "trackbridge.run"
_ELSEWHERE = {
    "Delivery": "trackbridge.shipping",
    "MetricPoint": "trackbridge.records.metrics",
    "MetricSummary": "trackbridge.records.metrics",
    "ModelRecord": "trackbridge.records.models",
    "ModelVersion": "trackbridge.records.models",
    "PendingVersion": "trackbridge.shipping",
    "RunRecord": "trackbridge.records.runs",
    "Store": "trackbridge.store",
    "configure": "trackbridge.config",
    "connect": "trackbridge.store",
}
_ELSEWHERE |= {
    name: "trackbridge.errors"
    for name in __all__
    if name.endswith("Error") or name in {"Conflict", "NotFound", "Rejected", "Transient", "Unsupported"}
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562): importing the package alone must cost next to nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_ELSEWHERE.get(name, _RUN)), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
