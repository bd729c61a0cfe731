"""Answers that are lost, services that are busy, and things that others removed (X1)."""

from __future__ import annotations

import io
import time

import pytest

from trackbridge.errors import Transient
from trackbridge.protocol import Mirror, VersionSpec, VersionState, open_backend
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites

pytestmark = pytest.mark.server

LOST = [
    "MetadataService.CreateContext",
    "MetadataService.UpdateContext",
    "MetadataService.AddContext*",
    "MetadataService.CreateArtifact",
    "MetadataService.CreateExecution",
    "MetadataService.AddExecutionEvents",
    "TensorboardService.CreateTensorboardExperiment",
    "TensorboardService.CreateTensorboardRun",
    "TensorboardService.*CreateTensorboardTimeSeries",
    "TensorboardService.WriteTensorboardRunData",
    "ModelService.UploadModel",
    "ModelService.UpdateModel",
    "ModelService.MergeVersionAliases",
]


@pytest.fixture
def healed(place):
    yield place.remote
    place.remote.heal()


def again(act):
    """Do what a shipper does: come again after what may pass."""
    for _ in range(5):
        try:
            return act()
        except Transient:
            continue
    return act()


def everything(adapter, mark):
    """Write one of each; give the run's and the model's names."""
    run_id, model = new_run_id(), f"m{mark}"
    again(lambda: adapter.experiments.ensure(f"e{mark}"))
    again(lambda: adapter.runs.create(RunHeader(run_id, f"e{mark}", 5)))
    assert again(lambda: adapter.runs.claim_epoch(run_id, 1))
    writes = RunWrites(params={"p": 1}, datasets=(DatasetRecord("d", digest="md5:00"),))
    assert again(lambda: adapter.runs.write(run_id, writes)) == ()
    points = [MetricPoint(name, step, step, 1.0) for name in ("a", "b") for step in range(3)]
    again(lambda: adapter.metrics.write(run_id, points))
    again(lambda: adapter.artifacts.put(run_id, "f", io.BytesIO(b"x"), size=1, sha256=""))
    again(lambda: adapter.registry.ensure_model(model))
    spec = VersionSpec("token", run_id, "f", None, 5)
    assert again(lambda: adapter.registry.create_version(model, spec)) == 1
    assert again(lambda: adapter.registry.append_entry(model, 0, b"{}"))
    state = {1: VersionState("Production", "approved", ("champion",))}
    again(lambda: adapter.registry.set_mirror(model, Mirror(1, "h", state)))
    return run_id, model


@pytest.mark.parametrize("method", LOST)
def test_an_answer_that_is_lost_changes_nothing(method, healed, adapter):
    healed.fail(method=method, code="UNAVAILABLE", applied=True, times=1)
    run_id, model = everything(adapter, new_run_id()[-8:])
    run = adapter.runs.get([run_id])[run_id]
    assert (run.params, run.epoch, len(run.datasets)) == ({"p": 1}, 1, 1)
    assert len(list(adapter.metrics.read(run_id))) == 6
    (version,) = adapter.registry.versions(model)
    assert version.state == VersionState("Production", "approved", ("champion",))
    assert list(adapter.registry.entries(model)) == [b"{}"]
    assert healed.violations() == []


def test_a_busy_service_is_asked_again_when_it_says(healed, adapter, start):
    run_id = start()
    healed.fail(method="MetadataService.UpdateContext", code="RESOURCE_EXHAUSTED", retry_after_s=0.3, times=2)
    began = time.monotonic()
    adapter.runs.write(run_id, RunWrites(params={"a": 1}))
    assert time.monotonic() - began >= 0.6
    assert adapter.runs.get([run_id])[run_id].params == {"a": 1}


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_a_service_that_stays_away_is_transient(transport, healed, place, start):
    run_id = start()
    adapter = open_backend(place.url(transport, timeout_s="0.3")).adapter
    healed.fail(method="MetadataService.GetContext", delay_s=1.0, times=None)
    with pytest.raises(Transient):
        adapter.runs.get([run_id])
    healed.heal()
    assert adapter.runs.get([run_id]).keys() == {run_id}
    healed.fail(method="MetadataService.GetContext", cut=True, times=1)
    assert adapter.runs.get([run_id]).keys() == {run_id}
    healed.fail(method="MetadataService.GetContext", code="INTERNAL", times=None)
    with pytest.raises(Transient):
        adapter.runs.get([run_id])
    adapter.close()


def test_series_that_somebody_removed_come_back(place, start):
    from emulators.vertex.clients import client

    run_id = start()
    adapter = open_backend(place.url()).adapter
    adapter.metrics.write(run_id, [MetricPoint("m", 0, 0, 1.0)])
    boards = client("TensorboardService", place.emulator["grpc"])
    parent = f"projects/{place.project}/locations/us-central1"
    for board in boards.list_tensorboards(parent=parent):
        boards.delete_tensorboard(name=board.name).result()
    assert list(adapter.metrics.read(run_id)) == []
    adapter.metrics.write(run_id, [MetricPoint("m", 1, 1, 2.0)])
    assert [point.value for point in adapter.metrics.read(run_id)] == [2.0]
    other = open_backend(place.url()).adapter
    assert [point.value for point in other.metrics.read(run_id)] == [2.0]
    adapter.close()
    other.close()
