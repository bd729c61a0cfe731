"""Registers the best run's model, promotes it, and loads what is in Production back to predict with it.

A release script as a user would write it; run it on its own after `trackbridge.demo.train`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trackbridge as tb
from trackbridge.demo.train import EXPERIMENT, read_dataset

__all__ = ["MODEL", "Prediction", "predict", "promote"]

MODEL = "breast-cancer"


@dataclass(frozen=True, slots=True)
class Prediction:
    """How the model in Production does on the validation rows, with the first few of them."""

    version: int
    rows: int
    correct: int
    predicted: tuple[int, ...]
    truth: tuple[int, ...]


def promote(store: tb.Store) -> tb.ModelVersion:
    """Register the run with the greatest validation AUC and take it through Staging to Production."""
    best = next(
        store.runs.search(
            "metrics.val_auc > 0.9 and tags.team = 'demo'",
            experiments=[EXPERIMENT],
            order_by=["metrics.val_auc desc", "started desc"],
            limit=1,
        )
    )
    version = store.registry.register(MODEL, run_id=best.id, artifact="model")
    score = f"val_auc {best.metrics['val_auc'].last:.4f}"
    store.registry.transition(MODEL, version.number, "Staging", comment=f"best of the demo: {score}")
    store.registry.approve(MODEL, version.number, comment="looked at the plots")
    store.registry.transition(
        MODEL, version.number, "Production", archive_existing="all", expected_stage="Staging", comment="ship it"
    )
    return store.registry.get(MODEL, "Production")


def predict(store: tb.Store, data: Path) -> Prediction:
    """Load the version in Production and classify the validation rows."""
    split = read_dataset(data)
    # `trusted`: some formats can run code when loaded, and this model is our own.
    model = store.registry.load(MODEL, "Production", trusted=True)
    predicted = model.predict(split.X_val)
    version = store.registry.get(MODEL, "Production")
    return Prediction(
        version=version.number,
        rows=len(predicted),
        correct=int((predicted == split.y_val).sum()),
        predicted=tuple(int(label) for label in predicted[:10]),
        truth=tuple(int(label) for label in split.y_val[:10]),
    )
