"""What MLflow's own clients made without us is read whole (R1)."""

from __future__ import annotations

import pytest

from trackbridge.protocol import Scan, open_backend
from trackbridge.records.ids import foreign_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, TagWrite


@pytest.fixture
def raw(url):
    """MLflow's raw client of the same backend."""
    from mlflow import MlflowClient

    from trackbridge.protocol import parse_url
    from trackbridge_mlflow.address import address_of

    uri = address_of(parse_url(url)).tracking_uri
    return MlflowClient(uri, uri)


@pytest.fixture
def fluent(url, tmp_path, monkeypatch):
    """MLflow's fluent API, set to the same backend and put back."""
    import mlflow

    from trackbridge.protocol import parse_url
    from trackbridge_mlflow.address import address_of

    address = address_of(parse_url(url))
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):  # which MLflow sets for its children, and leaves set
        monkeypatch.setenv(name, address.tracking_uri)
    mlflow.set_tracking_uri(address.tracking_uri)
    mlflow.set_registry_uri(address.tracking_uri)
    yield mlflow
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.autolog(disable=True)
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


def test_a_run_of_the_raw_client(adapter, raw, name, tmp_path):
    from mlflow.entities import Metric, Param, RunTag

    experiment = name("theirs")
    experiment_id = raw.create_experiment(experiment)
    parent = raw.create_run(experiment_id, start_time=1_000, run_name="parent").info.run_id
    child = raw.create_run(
        experiment_id, start_time=2_000, tags={"mlflow.parentRunId": parent, "mlflow.user": "ada"}, run_name="child"
    ).info.run_id
    points = [MetricPoint("loss", step, 5_000 + step, 1.0 / (step + 1)) for step in range(10)]
    raw.log_batch(
        child,
        [Metric(p.name, p.value, p.timestamp_ms, p.step) for p in points],
        [Param("lr", "0.1")],
        [RunTag("team", "risk"), RunTag("mlflow.note.content", "a note"), RunTag("mlflow.source.type", "LOCAL")],
    )
    raw.log_text(child, "hello", "folder/a b.txt")
    raw.set_terminated(child, "FAILED", 9_000)
    child_id, parent_id = foreign_run_id(child), foreign_run_id(parent)
    found = {run.id: run for run in adapter.runs.scan(Scan(experiments=(experiment,)))}
    assert set(found) == {child_id, parent_id}
    fresh = open_backend(adapter.runs._client.address.shown).adapter
    for reader in (adapter, fresh):
        run = reader.runs.get([child_id])[child_id]
        assert (run.native_id, run.experiment, run.name, run.parent) == (child, experiment, "child", parent_id)
        assert (run.status, run.started_ms, run.ended_ms) == ("FAILED", 2_000, 9_000)
        assert (run.params, run.tags) == ({"lr": "0.1"}, {"team": "risk"})
        assert run.attributes == {"source.user": "ada", "notes": "a note", "mlflow.source.type": "LOCAL"}
        assert list(reader.metrics.read(child_id)) == points
        assert [(a.path, a.size) for a in reader.artifacts.list(child_id)] == [("folder/a b.txt", 5)]
    fresh.close()


def test_a_foreign_run_can_be_resumed_and_tagged(adapter, raw, name):
    experiment = name("theirs")
    native = raw.create_run(raw.create_experiment(experiment), start_time=1_000).info.run_id
    run_id = foreign_run_id(native)
    opened = adapter.runs.create(RunHeader(run_id, experiment, 1_000))
    assert (opened.native_id, opened.created) == (native, False)
    adapter.runs.write(run_id, RunWrites(tags=(TagWrite("a", "b", Stamp(1, "w", 1)),)))
    assert raw.get_run(native).data.tags["a"] == "b"


def test_a_run_of_sklearn_autologging_is_read_whole(adapter, fluent, raw, name):
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    experiment = name("auto")
    fluent.set_experiment(experiment)
    fluent.sklearn.autolog(log_datasets=True, silent=True)
    x, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
    with fluent.start_run(run_name="auto") as active:
        LogisticRegression(C=0.5).fit(x, y)
    native = raw.get_run(active.info.run_id)
    run_id = foreign_run_id(native.info.run_id)
    run = adapter.runs.get([run_id])[run_id]
    assert run.params == native.data.params
    assert run.params["C"] == "0.5"
    assert run.tags == {k: v for k, v in native.data.tags.items() if not k.startswith("mlflow.")}
    assert {name: metric.last for name, metric in run.metrics.items()} == native.data.metrics
    assert {p.name for p in adapter.metrics.read(run_id)} == set(native.data.metrics)
    assert [(d.name, d.context) for d in run.datasets] == [("dataset", "train")]
    assert run.datasets[0].digest == f"mlflow:{native.inputs.dataset_inputs[0].dataset.digest}"
    assert run.datasets[0].rows == 4
    paths = [a.path for a in adapter.artifacts.list(run_id)]
    assert {"estimator.html", "model/MLmodel"} <= set(paths)
    with adapter.artifacts.open(run_id, "model/MLmodel") as stream:
        assert b"sklearn" in stream.read()


def test_logged_and_registered_models(adapter, fluent, raw, name):
    import numpy as np
    from sklearn.linear_model import LinearRegression

    fluent.set_experiment(name("models"))
    x, y = np.array([[0.0], [1.0]]), np.array([0.0, 1.0])
    model = name("theirs")
    requirements = ["scikit-learn"]  # or MLflow spends ten seconds finding out
    with fluent.start_run() as active:
        fluent.sklearn.log_model(
            LinearRegression().fit(x, y), name="clf", registered_model_name=model, pip_requirements=requirements
        )
    run_id = foreign_run_id(active.info.run_id)
    raw.set_registered_model_alias(model, "best", "1")
    raw.set_model_version_tag(model, "1", "k", "v")
    assert "clf/MLmodel" in [a.path for a in adapter.artifacts.list(run_id, "clf")]
    (version,) = adapter.registry.versions(model)
    assert (version.number, version.spec.run_id, version.spec.artifact_path) == (1, run_id, "clf")
    assert (version.spec.tags, version.state.aliases) == ({"k": "v"}, ("best",))
    assert list(adapter.registry.versions_of_run(run_id)) == [(model, 1)]
    assert adapter.registry.get_model(model).mirrored is None
    assert adapter.registry.append_entry(model, 0, b"{}")
    assert list(adapter.registry.entries(model)) == [b"{}"]


def test_a_model_registered_through_us_loads_with_mlflow(adapter, fluent, start, tmp_path):
    import numpy as np
    from sklearn.linear_model import LinearRegression

    from trackbridge.protocol import VersionSpec
    from trackbridge_mlflow.saver import trackbridge_model_savers

    x, y = np.array([[0.0], [1.0]]), np.array([0.0, 1.0])
    fitted, folder, run_id = LinearRegression().fit(x, y), tmp_path / "m", start()
    folder.mkdir()
    trackbridge_model_savers()[0].save(fitted, folder, None, None)
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as content:
                path = f"model/{file.relative_to(folder).as_posix()}"
                adapter.artifacts.put(run_id, path, content, size=file.stat().st_size, sha256="")
    model = f"ours-{run_id}"
    adapter.registry.ensure_model(model)
    for token, number in (("second", 2), ("first", 1)):  # the first is made where its number was kept free
        adapter.registry.create_version(model, VersionSpec(token, run_id, "model", None, 5), number)
    for number in (1, 2):
        loaded = fluent.pyfunc.load_model(f"models:/{model}/{number}")
        assert np.allclose(loaded.predict(x), fitted.predict(x))
