"""Writing to Vertex AI, emulated on this machine, against Google's own clients in the same process.

The service's own cost is the same for all, so that what shows is what the client costs: seconds, and calls, of which a
region allows 600 a minute.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import trackbridge as tb
from benchmarks.rounds import Measurement, Scale, in_turns, ratio
from trackbridge.protocol import open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader

BATCH_GOAL = 0.9

_LOCATION = "us-central1"
_SERIES = tuple(f"metric-{n}" for n in range(5))
_BATCH_POINTS = 5_000  # all that TensorBoard takes at once
_STEPS = 20  # of the run whose calls are counted
_FINISH_S = 3_600.0


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Deliver points, as the shipper does, and count the calls of one ordinary run."""
    count = max(scale.sent_points, 2 * _BATCH_POINTS)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        service = _Service(Path(folder), stack)
        tb.configure(journal_dir=f"{folder}/journals", finish_timeout_s=_FINISH_S)
        stack.callback(tb.configure, journal_dir=None, finish_timeout_s=None)
        by_hand = _ByHand(service)
        adapter = open_backend(service.url).adapter
        stack.callback(adapter.close)
        adapter.experiments.ensure("delivered")
        points = _points(count)  # the same for both, with their times
        _deliver(adapter, points[:_BATCH_POINTS])  # before anything is measured, both have met the service
        by_hand.write(points[:_BATCH_POINTS])
        ours, theirs = in_turns((lambda: _deliver(adapter, points), lambda: by_hand.write(points)), scale.rounds)
        yield ratio(
            f"{count:,} points to Vertex AI, emulated, against write_tensorboard_run_data of full batches",
            ours,
            theirs,
            goal=BATCH_GOAL,
        )
        yield _calls(service)


def _points(count: int) -> list[MetricPoint]:
    begun_ms = time.time_ns() // 1_000_000
    return [MetricPoint(_SERIES[n % 5], n // 5, begun_ms + n, 1 / (n + 1)) for n in range(count)]


def _deliver(adapter: Any, points: Sequence[MetricPoint]) -> None:
    """Deliver points to a new run, in the batches that the shipper makes."""
    run_id = new_run_id()
    adapter.runs.create(RunHeader(run_id, "delivered", 1))
    for first in range(0, len(points), _BATCH_POINTS):
        adapter.metrics.write(run_id, points[first : first + _BATCH_POINTS])


def _calls(service: _Service) -> Measurement:
    """Count the calls of a run with params, summary metrics and two series, once the experiment is there."""
    _write_run(service)
    service.write_run_by_sdk("warm")
    ours = service.counted(lambda: _write_run(service))
    theirs = service.counted(lambda: service.write_run_by_sdk("counted"))
    value = ours / theirs
    return Measurement(
        what=f"calls to Vertex AI for a run of {_STEPS} steps, against its SDK",
        ours_s=float(ours),
        floor_s=float(theirs),
        value=value,
        unit="×",
        goal=1.0,
        at_least=False,
        spread=(value, value),
        amounts=(f"{ours} calls", f"{theirs} calls"),
    )


def _write_run(service: _Service) -> None:
    with tb.start_run("counted", backend=service.url, capture=False, params={"lr": 0.1, "depth": 3}) as run:
        for step in range(_STEPS):
            run.log_metrics({"loss": 1 / (step + 1), "auc": step / _STEPS}, step)


class _Service:
    """The emulated service and the bucket beside it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        sys.path.append(str(Path(__file__).parents[1] / "tests"))
        from emulators.vertex import Remote
        from emulators.vertex.clients import insecure_grpc
        from servers import gcs, vertex
        from servers.shared import Services

        services = Services(folder)
        stack.callback(services.stop)
        started = services.once("vertex", lambda own: vertex.start(services, own))
        storage = str(services.once("gcs", lambda own: gcs.start(services, own))["endpoint"])
        os.environ |= gcs.environment(storage)
        self.project, self.address = "benchmark", str(started["grpc"])
        self._remote = Remote(started["rest"], self.project)
        bucket = gcs.create_bucket(storage, "benchmark")
        where = f"staging=gs://{bucket}/tracking&endpoint={self.address}&insecure=true"
        self.url = f"vertex://{self.project}/{_LOCATION}?{where}"
        stack.enter_context(insecure_grpc())

    def counted(self, act: Callable[[], None]) -> int:
        """Give how many calls an act makes."""
        self._remote.forget_calls()
        act()
        return sum(self._remote.calls().values())

    def write_run_by_sdk(self, name: str) -> None:
        """Write the same run as the SDK's page on experiments does."""
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import aiplatform

        aiplatform.init(
            project=self.project,
            location=_LOCATION,
            credentials=AnonymousCredentials(),
            api_endpoint=self.address,
            experiment="by-sdk",
        )
        with aiplatform.start_run(name) as run:
            run.log_params({"lr": 0.1, "depth": 3})
            for step in range(_STEPS):
                run.log_time_series_metrics({"loss": 1 / (step + 1), "auc": step / _STEPS}, step=step + 1)
            run.log_metrics({"loss": 1 / _STEPS, "auc": (_STEPS - 1) / _STEPS})


class _ByHand:
    """What a careful person would write with the generated client, for this one purpose."""

    def __init__(self, service: _Service) -> None:
        from google.cloud import aiplatform_v1

        from emulators.vertex.clients import client

        self._types = aiplatform_v1
        self._client = client("TensorboardService", service.address)
        parent = f"projects/{service.project}/locations/{_LOCATION}"
        board = self._client.create_tensorboard(
            parent=parent, tensorboard=aiplatform_v1.Tensorboard(display_name="by hand")
        ).result()
        self._experiment = self._client.create_tensorboard_experiment(
            parent=board.name, tensorboard_experiment_id="by-hand"
        ).name

    def write(self, points: Sequence[MetricPoint]) -> None:
        types, run_id = self._types, new_run_id()
        run = self._client.create_tensorboard_run(
            parent=self._experiment,
            tensorboard_run=types.TensorboardRun(display_name=run_id),
            tensorboard_run_id=run_id,
        )
        scalar = types.TensorboardTimeSeries.ValueType.SCALAR
        made = [
            self._client.create_tensorboard_time_series(
                parent=run.name,
                tensorboard_time_series=types.TensorboardTimeSeries(display_name=name, value_type=scalar),
            )
            for name in _SERIES
        ]
        ids = {series.display_name: series.name.rpartition("/")[2] for series in made}
        for first in range(0, len(points), _BATCH_POINTS):
            rows: dict[str, list[Any]] = {name: [] for name in ids}
            for name, step, time_ms, value in points[first : first + _BATCH_POINTS]:
                wall = {"seconds": time_ms // 1_000, "nanos": time_ms % 1_000 * 1_000_000}
                rows[name].append({"step": step, "wall_time": wall, "scalar": {"value": value}})
            data = [
                {"tensorboard_time_series_id": ids[name], "value_type": scalar, "values": values}
                for name, values in rows.items()
            ]
            self._client.write_tensorboard_run_data(tensorboard_run=run.name, time_series_data=data)
