"""Writing to W&B's service, emulated on this machine, against W&B's own client in the same process.

The service answers in no time and its own cost is the same for all, so that what shows is what the client costs. Both
are done when the service has everything.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import trackbridge as tb
from benchmarks.rounds import Measurement, Scale, in_turns, ratio
from trackbridge.protocol import open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.times import now_ms
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, StatusWrite

BULK_GOAL = 5.0

_EXPERIMENT = "benchmark"
_SERIES = tuple(f"metric-{n}" for n in range(5))
_BATCH_POINTS = 10_000
_FINISH_S = 3_600.0


def measurements(scale: Scale) -> Iterator[Measurement]:
    """Write live, and in bulk as a migration does."""
    count = scale.sent_points
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        url = _started(Path(folder), stack)
        tb.configure(journal_dir=f"{folder}/journals", finish_timeout_s=_FINISH_S)
        backend = f"wandb://team?base_url={url}"
        _write(backend, len(_SERIES))  # before anything is measured, both have met the service
        _write_rows(len(_SERIES))
        ours, points, rows, bulk = in_turns(
            (
                lambda: _write(backend, count),
                lambda: _write_points(count),
                lambda: _write_rows(count),
                lambda: _load(backend, count),
            ),
            scale.rounds,
        )
    where = "W&B, emulated"
    yield ratio(f"{count:,} points to {where}, against wandb.log of each", ours, points, goal=None)
    yield ratio(f"{count:,} points to {where}, against wandb.log of full rows", ours, rows, goal=None)
    yield ratio(f"{count:,} points in bulk to {where}, against wandb.log of each", bulk, points, goal=BULK_GOAL)


def _started(folder: Path, stack: ExitStack) -> str:
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    from emulators.wandb.handle import Handle
    from servers import wandb
    from servers.shared import Services

    services = Services(folder)
    stack.callback(services.stop)
    url = str(services.once("wandb", lambda own: wandb.start(services, own))["url"])
    os.environ |= {**Handle(url).environment, "WANDB_DIR": str(folder)}
    return url


def _write(backend: str, count: int) -> None:
    """Log points as a training script does, and wait until the service has them all."""
    run = tb.start_run(_EXPERIMENT, backend=backend, capture=False)
    for n in range(count):
        run.log_metric(_SERIES[n % len(_SERIES)], 1 / (n + 1), step=n // len(_SERIES))
    (delivery,) = run.finish()
    assert (delivery.queued, delivery.rejected) == (0, 0), delivery


def _load(backend: str, count: int) -> None:
    """Write a run as a migration does, and see that all of it is there."""
    adapter = open_backend(backend).adapter
    header = RunHeader(new_run_id(), _EXPERIMENT, now_ms())
    batches = (
        [
            MetricPoint(_SERIES[n % len(_SERIES)], n // len(_SERIES), header.started_ms, 1 / (n + 1))
            for n in range(first, min(count, first + _BATCH_POINTS))
        ]
        for first in range(0, count, _BATCH_POINTS)
    )
    adapter.bulk.load(header, RunWrites(status=StatusWrite(0, "FINISHED", now_ms(), Stamp(1, "bench", 1))), batches)
    (run,) = adapter.runs.get([header.id]).values()
    assert sum(1 for _ in adapter.metrics.read(header.id)) == count, run
    adapter.close()


def _write_points(count: int) -> None:
    run = _begun()
    for n in range(count):
        run.log({_SERIES[n % len(_SERIES)]: 1 / (n + 1)}, step=n // len(_SERIES))
    run.finish()


def _write_rows(count: int) -> None:
    run = _begun()
    for step in range(count // len(_SERIES)):
        run.log(dict.fromkeys(_SERIES, 1 / (step + 1)), step=step)
    run.finish()


def _begun() -> Any:
    import wandb

    return wandb.init(project=_EXPERIMENT, reinit="create_new", settings=wandb.Settings(silent=True, console="off"))
