"""Metrics of slices from a logged table of predictions, computed by fairlearn on first use."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from trackbridge.errors import ConfigurationError
from trackbridge.gates.facts import Slice, Sliced, SliceTable

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["METRICS", "compute_slices"]

# What each rate is a share of; without any such row it is NaN, which fairlearn would give as 0.
_POSITIVES, _NEGATIVES, _ALL = "positives", "negatives", "all"
# Name: (module, function, what it is a share of, whether it is told which label is positive).
METRICS: Final[Mapping[str, tuple[str, str, str, bool]]] = {
    "accuracy": ("sklearn.metrics", "accuracy_score", _ALL, False),
    "selection_rate": ("fairlearn.metrics", "selection_rate", _ALL, True),
    "tpr": ("fairlearn.metrics", "true_positive_rate", _POSITIVES, True),
    "fnr": ("fairlearn.metrics", "false_negative_rate", _POSITIVES, True),
    "tnr": ("fairlearn.metrics", "true_negative_rate", _NEGATIVES, True),
    "fpr": ("fairlearn.metrics", "false_positive_rate", _NEGATIVES, True),
    "mae": ("sklearn.metrics", "mean_absolute_error", _ALL, False),
    "mse": ("sklearn.metrics", "mean_squared_error", _ALL, False),
}
_NUMERIC: Final = frozenset({"mae", "mse"})
_MISSING: Final = "(missing)"


def compute_slices(table: pa.Table, source: SliceTable, metric: str, by: tuple[str, ...]) -> Sliced:
    """Compute a metric for every value, or combination of values, of some columns.

    Args:
        table: The predictions, a row an example.
        source: Which columns hold the truth and the prediction, and which label is positive.
        metric: A name of `METRICS`.
        by: The columns to slice by; a missing value is a slice too.

    Raises:
        ConfigurationError: fairlearn is not installed.
    """
    wanted = (source.truth, source.prediction, *by)
    if absent := [name for name in wanted if name not in table.column_names]:
        return Sliced(why_not=f"the table {source.path!r} has no column {', '.join(map(repr, absent))}")
    if table.num_rows == 0:
        return Sliced(why_not=f"the table {source.path!r} has no rows")
    frame_of, count = _fairlearn()
    try:
        truth, predicted = (_labels(table, name, metric) for name in (source.truth, source.prediction))
        frame = frame_of(
            metrics={"value": _function(metric, source.positive), "rows": count},
            y_true=truth,
            y_pred=predicted,
            sensitive_features={name: [_text(value) for value in table[name].to_pylist()] for name in by},
        ).by_group
    except (ValueError, TypeError) as error:
        return Sliced(why_not=f"{metric} cannot be computed from {source.path!r}: {error}")
    slices = [
        Slice(tuple(zip(by, _key(key), strict=True)), float(row["value"]), int(row["rows"]))
        for key, row in frame.iterrows()
        if not math.isnan(row["rows"])  # a combination that no row has
    ]
    return Sliced(tuple(sorted(slices, key=lambda one: one.of)))


def _fairlearn() -> tuple[Any, Any]:
    try:
        from fairlearn.metrics import MetricFrame, count
    except ImportError as error:
        raise ConfigurationError(
            "slices of a logged table need fairlearn", remedy="Install it: pip install 'trackbridge[fairness]'."
        ) from error
    return MetricFrame, count


def _function(metric: str, positive: str) -> Callable[..., float]:
    from importlib import import_module

    module, name, share_of, labelled = METRICS[metric]
    measure = getattr(import_module(module), name)
    options = {"pos_label": positive} if labelled else {}

    def measured(truth: Any, predicted: Any) -> float:
        positives = sum(label == positive for label in truth)
        if (share_of == _POSITIVES and not positives) or (share_of == _NEGATIVES and positives == len(truth)):
            return math.nan
        if labelled and metric != "selection_rate":
            # Rates compare two labels; whatever is not the positive one is the other.
            truth, predicted = ([label if label == positive else "" for label in side] for side in (truth, predicted))
        return float(measure(truth, predicted, **options))

    return measured


def _labels(table: pa.Table, name: str, metric: str) -> list[Any]:
    values = table[name].to_pylist()
    if any(value is None for value in values):
        raise ValueError(f"the column {name!r} has missing values")
    return [float(value) for value in values] if metric in _NUMERIC else [_text(value) for value in values]


def _text(value: Any) -> str:
    """Give a label as text: 1.0 and 1 are the same, as are the booleans and 0 and 1."""
    if value is None:
        return _MISSING
    if isinstance(value, bool | float) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _key(key: Any) -> tuple[str, ...]:
    return key if isinstance(key, tuple) else (key,)
