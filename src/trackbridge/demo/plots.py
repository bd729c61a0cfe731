"""The two plots of the demo, drawn without a screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix, roc_curve

__all__ = ["confusion_figure", "roc_figure"]


def roc_figure(truth: np.ndarray, probability: np.ndarray) -> Figure:
    """Draw the ROC curve of probabilities of shape (rows,) against labels 0 and 1."""
    false_positive, true_positive, _ = roc_curve(truth, probability)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(false_positive, true_positive, linewidth=2)
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC", aspect="equal")
    return figure


def confusion_figure(truth: np.ndarray, predicted: np.ndarray) -> Figure:
    """Draw the confusion matrix of labels 0 and 1."""
    counts = confusion_matrix(truth, predicted)
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes: Any = figure.add_subplot()
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(
            column, row, str(count), ha="center", va="center", color="black" if count < counts.max() / 2 else "white"
        )
    axes.set(xticks=[0, 1], yticks=[0, 1], xlabel="predicted", ylabel="true", title="Confusion")
    return figure
