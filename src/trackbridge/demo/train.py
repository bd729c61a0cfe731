"""Trains three classifiers on the breast cancer data that scikit-learn ships, and records everything about them.

No line names a backend. Run it as it is, or with another one::

    python -m trackbridge.demo.train
    TRACKBRIDGE_BACKEND=local:///tmp/elsewhere python -m trackbridge.demo.train
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

import trackbridge as tb
from trackbridge.demo.plots import confusion_figure, roc_figure

SEED = 7
EPOCHS = 60
EXPERIMENT = "breast-cancer"


@dataclass(frozen=True)
class Split:
    """Features of shape (rows, 30) and labels of shape (rows,), for training and for validation."""

    X: np.ndarray
    y: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray


def write_dataset(folder: Path) -> Path:
    """Write the data as a CSV file, 569 rows with the label last, so that its digest can be recorded."""
    folder.mkdir(parents=True, exist_ok=True)
    data = load_breast_cancer()
    path = folder / "breast-cancer.csv"
    header = ",".join([*data.feature_names, "benign"])
    np.savetxt(path, np.column_stack([data.data, data.target]), delimiter=",", header=header, comments="", fmt="%.10g")
    return path


def read_dataset(path: Path) -> Split:
    """Read the file back and split it, always alike."""
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    X, X_val, y, y_val = train_test_split(
        table[:, :-1], table[:, -1].astype(int), test_size=0.3, random_state=SEED, stratify=table[:, -1]
    )
    return Split(X, y, X_val, y_val)


def boosting(split: Split) -> Any:
    """Gradient boosting: a point of the loss curve a tree."""
    params = {"n_estimators": 120, "learning_rate": 0.1, "max_depth": 2, "subsample": 0.8}
    tb.log_params(params)
    model = GradientBoostingClassifier(**params, random_state=SEED).fit(split.X, split.y)
    curves = zip(model.staged_predict_proba(split.X), model.staged_predict_proba(split.X_val), strict=True)
    for step, (on_train, on_val) in enumerate(curves):
        tb.log_metrics({"loss": log_loss(split.y, on_train), "val_loss": log_loss(split.y_val, on_val)}, step=step)
    return model


def linear(split: Split) -> Any:
    """Logistic regression by stochastic gradient descent: a point an epoch."""
    params = {"alpha": 0.01, "eta0": 0.01, "learning_rate": "constant"}
    tb.log_params(params)
    return _by_epochs(SGDClassifier(loss="log_loss", **params, random_state=SEED), split)


def neural(split: Split) -> Any:
    """A small neural network: a point an epoch."""
    params = {"hidden_layer_sizes": (16, 8), "learning_rate_init": 0.01}
    tb.log_params(params)
    return _by_epochs(MLPClassifier(**params, random_state=SEED), split)


def _by_epochs(model: Any, split: Split) -> Pipeline:
    tb.log_param("epochs", EPOCHS)
    scaler = StandardScaler().fit(split.X)
    X, X_val = scaler.transform(split.X), scaler.transform(split.X_val)
    for step in range(EPOCHS):
        model.partial_fit(X, split.y, classes=[0, 1])
        tb.log_metrics(
            {
                "loss": log_loss(split.y, model.predict_proba(X)),
                "val_loss": log_loss(split.y_val, model.predict_proba(X_val)),
            },
            step=step,
        )
    return Pipeline([("scale", scaler), ("classify", model)])


def train(name: str, fit: Callable[[Split], Any], data: Path) -> None:
    """Train one model and record it: this function is what a user writes."""
    split = read_dataset(data)
    with tb.start_run(experiment=EXPERIMENT, name=name, params={"seed": SEED}, tags={"team": "demo"}) as run:
        run.use_dataset(name="breast-cancer", version="1", uri=str(data), context="training")
        model = fit(split)
        probability = model.predict_proba(split.X_val)[:, 1]
        auc = roc_auc_score(split.y_val, probability)
        tb.log_metrics({"val_auc": auc, "val_accuracy": accuracy_score(split.y_val, probability > 0.5)})
        tb.log_figure(roc_figure(split.y_val, probability), "plots/roc.png")
        tb.log_figure(confusion_figure(split.y_val, probability > 0.5), "plots/confusion.png")
        run.log_model(model, "model", signature=tb.infer_signature(split.X, split.y), input_example=split.X[:3])
    print(f"  {name:<18} val_auc {auc:.4f}   run {run.id}")


def main() -> None:
    """Train all three."""
    parser = argparse.ArgumentParser(description="Train three models and record them with trackbridge.")
    parser.add_argument("--data", type=Path, default=Path(".trackbridge/demo/data"), help="where the data file goes")
    data = write_dataset(parser.parse_args().data)
    for name, fit in (("gradient-boosting", boosting), ("linear-sgd", linear), ("neural-network", neural)):
        train(name, fit, data)


if __name__ == "__main__":
    main()
