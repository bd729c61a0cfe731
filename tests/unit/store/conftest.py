"""Stores over memory, over local, and over memory with the fields of a narrow vendor; and a way to fill them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from trackbridge.protocol import Backend, Limits, NameRule, Scope, open_backend
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.ids import new_run_id
from trackbridge.records.log import LoggedArtifact, LoggedObject, LoggedParams, LogRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import AttributeWrite, RunHeader, Stamp, StatusWrite, TagWrite
from trackbridge.shipping.deliverer import Deliverer
from trackbridge.shipping.delivery import Ledger
from trackbridge.store import Store

NARROW = Limits(
    params_per_write=3,
    points_per_write=5,
    param_name=NameRule(pattern=r"[A-Za-z0-9_./-]+", max_chars=50),
    tag_name=NameRule(pattern=r"[A-Za-z0-9_./-]+", max_chars=50),
    metric_name=NameRule(pattern=r"[A-Za-z0-9_./-]+", max_chars=50),
    artifact_path=NameRule(pattern=r"[A-Za-z0-9_./-]+"),
    param_types=frozenset({"str"}),
    param_chars=40,
    param_nul=False,
    tag_chars=40,
    special_values=frozenset(),
    min_step=0,
    stamps=False,
    typed_attributes=False,
    datasets=False,
    artifact_hashes=False,
    summaries=False,
)

_count = itertools.count(1)


@dataclass
class Lab:
    """A store, and short ways to write what it reads."""

    backend: Backend
    folder: Path
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.backend)

    def run(
        self,
        *,
        run_id: str | None = None,
        experiment: str = "fraud",
        started_ms: int = 1_000,
        parent: str | None = None,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        metrics: Mapping[str, Sequence[float]] | None = None,
        files: Mapping[str, bytes] | None = None,
        environment: Mapping[str, bytes] | None = None,
        datasets: Sequence[DatasetRecord] = (),
        status: str | None = "FINISHED",
    ) -> str:
        """Write a run; metrics have values at steps 0, 1, …, a millisecond apart. Gives its id."""
        header = RunHeader(run_id or new_run_id(), experiment, started_ms, parent)
        self.backend.adapter.experiments.ensure(experiment)
        self.backend.adapter.runs.create(header)
        records: list[LogRecord | MetricPoint] = [LoggedParams(dict(params or {})), *datasets]
        records += [TagWrite(tag, value, self.stamp()) for tag, value in (tags or {}).items()]
        if name is not None:
            records.append(AttributeWrite("name", name, self.stamp()))
        for metric, values in (metrics or {}).items():
            records += [MetricPoint(metric, step, 1_000 + step, value) for step, value in enumerate(values)]
        records += [LoggedObject(f"environment/{path}", data) for path, data in (environment or {}).items()]
        records += [self.file(path, data) for path, data in (files or {}).items()]
        if status is not None:
            records.append(StatusWrite(0, status, started_ms + 500, self.stamp()))  # type: ignore[arg-type]
        self.write(header.id, records)
        return header.id

    def write(self, run_id: str, records: Iterable[LogRecord | MetricPoint]) -> None:
        """Deliver records the way a run's are."""
        ledger = Ledger("lab", required=True)
        deliverer = Deliverer(self.backend, run_id, f"w{next(_count)}", ledger)
        planned = list(records)
        deliverer.plan(planned)
        deliverer.work()
        for record in planned:
            if isinstance(record, LoggedArtifact):
                deliverer.upload(record)
        assert ledger.failure is None, ledger.failure

    def file(self, path: str, data: bytes) -> LoggedArtifact:
        source = self.folder / f"staged-{next(_count)}"
        source.write_bytes(data)
        return LoggedArtifact(path, source, len(data), hashlib.sha256(data).hexdigest(), self.stamp(), staged=False)

    def stamp(self) -> Stamp:
        return Stamp(next(_count), "lab", 0)

    def sidecars(self, run_id: str) -> list[str]:
        return [info.name for info in self.backend.adapter.objects.list(Scope("run", run_id), "sidecar/")]


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[Callable[[str], Lab]]:
    opened: list[Backend] = []

    def make(kind: str) -> Lab:
        url = f"local://{tmp_path}/store" if kind == "local" else f"memory://store-{next(_count)}"
        backend = open_backend(url)
        if kind == "narrow":
            backend = replace(backend, limits=NARROW)
        opened.append(backend)
        return Lab(backend, tmp_path)

    yield make
    for backend in opened:
        backend.adapter.close()


@pytest.fixture(params=["memory", "local", "narrow"])
def lab(request: pytest.FixtureRequest, make_lab: Callable[[str], Lab]) -> Lab:
    return make_lab(request.param)
