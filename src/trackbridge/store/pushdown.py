"""What a backend may be asked to search by: only what no sidecar can hold (S4)."""

from __future__ import annotations

from trackbridge.protocol import Limits
from trackbridge.protocol.limits import ALL_TYPES, SPECIAL_VALUES
from trackbridge.query import Field
from trackbridge.records.metrics import MAX_STEP, MIN_STEP
from trackbridge.records.times import MAX_TIME_MS
from trackbridge.sidecar import native_name

__all__ = ["holds_all"]


def holds_all(field: Field, limits: Limits) -> bool:
    """Tell whether the backend's own field holds every value that this field can have, under this very name."""
    match field.family:
        case "run":
            return _holds_run_field(field.name, limits)
        case "params":
            return (
                limits.param_types >= ALL_TYPES
                and limits.param_chars is None
                and limits.param_nul
                and native_name(field.name, limits.param_name) == field.name
            )
        case "tags":
            return _holds_labels(limits) and native_name(field.name, limits.tag_name) == field.name
        case "metrics":
            return (
                _holds_points(limits)
                and (field.part == "last" or limits.summaries)
                and native_name(field.name, limits.metric_name) == field.name
            )
        case "datasets":
            return limits.datasets


def _holds_run_field(name: str, limits: Limits) -> bool:
    match name:
        case "name":
            return _holds_labels(limits)
        case "status" | "ended":
            return limits.stamps
    return True  # the id, the experiment, the parent and the start never change, and need no sidecar


def _holds_labels(limits: Limits) -> bool:
    return limits.stamps and limits.tag_chars is None and limits.param_nul


def _holds_points(limits: Limits) -> bool:
    return (
        limits.special_values >= SPECIAL_VALUES
        and limits.points_per_step == "all"
        and (limits.min_step, limits.max_step) == (MIN_STEP, MAX_STEP)
        and (limits.min_timestamp_ms, limits.max_timestamp_ms) == (0, MAX_TIME_MS)
    )
