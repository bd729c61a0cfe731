"""Trains a credit risk model on made-up applicants, records how it does on each group, and registers it.

    python train.py --strength 1.0      # prints the number of the version it registered

Nothing here names a backend: TRACKBRIDGE_BACKEND or trackbridge.toml does. The same strength gives the same model.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss, roc_auc_score

import trackbridge as tb

MODEL = "credit-risk"
FEATURES = ("income", "debt", "years_employed", "late_payments")
EPOCHS = 25


@dataclass(frozen=True)
class Applicants:
    """Features of shape (rows, 4), whether each paid back, and the groups that the gate looks at."""

    X: np.ndarray
    good: np.ndarray
    sex: np.ndarray
    age_band: np.ndarray


def applicants(rows: int, seed: int) -> Applicants:
    """Make up applicants, always alike."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, len(FEATURES)))
    odds = X @ np.array([1.2, -0.9, 0.6, -1.4]) + random.normal(scale=0.8, size=rows)
    return Applicants(
        X, (odds > 0).astype(int), random.choice(["F", "M"], rows), random.choice(["18-29", "30-59", "60+"], rows)
    )


def main() -> None:
    """Train, record, register."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strength", type=float, default=1.0, help="how much of the features the model sees, 0 to 1")
    parser.add_argument("--data", type=Path, default=Path("data"), help="where the training data is written")
    arguments = parser.parse_args()
    train, val = applicants(2000, seed=1), applicants(1000, seed=2)
    blur = np.random.default_rng(3).normal(scale=1 - arguments.strength + 1e-9, size=train.X.shape) * 3

    arguments.data.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        pa.table({**dict(zip(FEATURES, train.X.T, strict=True)), "good": train.good}), arguments.data / "train.parquet"
    )

    with tb.start_run(experiment=MODEL, params={"strength": arguments.strength}, tags={"team": "risk"}) as run:
        run.use_dataset(name="applicants", uri=str(arguments.data / "train.parquet"), context="training")
        model = SGDClassifier(loss="log_loss", alpha=0.01, random_state=7)
        for epoch in range(EPOCHS):
            model.partial_fit(train.X + blur, train.good, classes=[0, 1])
            probability = model.predict_proba(val.X)[:, 1]
            tb.log_metric("val_loss", log_loss(val.good, probability), step=epoch)
        tb.log_metric("val_auc", roc_auc_score(val.good, probability))
        tb.log_table(
            {
                "good": val.good,
                "predicted": (probability > 0.5).astype(int),
                "sex": val.sex,
                "age_band": val.age_band,
            },
            "evaluation/predictions.parquet",
        )
        signature = tb.infer_signature(dict(zip(FEATURES, val.X.T, strict=True)), val.good)
        pending = run.log_model(model, "model", signature=signature, register_as=MODEL)
    print(pending.result(timeout_s=120).number)


if __name__ == "__main__":
    main()
