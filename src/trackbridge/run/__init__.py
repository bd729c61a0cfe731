"""What a training script holds: `start_run`, `Run`, the active run."""

from trackbridge.run.active import active_run
from trackbridge.run.fluent import (
    delete_tag,
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
    use_dataset,
)
from trackbridge.run.run import Run
from trackbridge.run.signature import infer_signature
from trackbridge.run.start import start_run

__all__ = [
    "Run",
    "active_run",
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
