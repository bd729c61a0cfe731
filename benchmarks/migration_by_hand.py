"""What a careful person would write with MLflow's client, for this one purpose: read, write full batches, read back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

__all__ = ["move_by_hand"]

_BATCH: Final = 1_000


def move_by_hand(source: str, target: str, experiment: str) -> None:
    """Move the runs of an experiment from server to server, one after the other, and compare what arrived."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    reader, writer = MlflowClient(source), MlflowClient(target)
    found = reader.get_experiment_by_name(experiment)
    goal = writer.create_experiment(f"{experiment}-by-hand")
    for run in reader.search_runs([found.experiment_id], max_results=1_000):
        points = _points(reader, run)
        made = writer.create_run(goal, run.info.start_time, dict(run.data.tags), run.info.run_name)
        metrics = [Metric(*point) for point in points]
        params = [Param(key, value) for key, value in run.data.params.items()]
        tags = [RunTag("source", run.info.run_id)]
        writer.log_batch(made.info.run_id, metrics[: _BATCH - len(params) - 1], params, tags)
        for start in range(_BATCH - len(params) - 1, len(metrics), _BATCH):
            writer.log_batch(made.info.run_id, metrics[start : start + _BATCH])
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as back:
            reader.download_artifacts(run.info.run_id, "", folder)
            writer.log_artifacts(made.info.run_id, folder)
            writer.set_terminated(made.info.run_id, run.info.status, run.info.end_time)
            again = writer.get_run(made.info.run_id)
            assert (again.data.params, again.info.status) == (run.data.params, run.info.status)
            assert _points(writer, again) == points
            writer.download_artifacts(made.info.run_id, "", back)
            assert _files(Path(back)) == _files(Path(folder))


def _points(client: Any, run: Any) -> list[tuple[str, float, int, int]]:
    return [
        (point.key, point.value, point.timestamp, point.step)
        for name in sorted(run.data.metrics)
        for point in client.get_metric_history(run.info.run_id, name)
    ]


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
