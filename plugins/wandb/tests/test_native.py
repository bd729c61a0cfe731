"""What W&B's own client sees of a run and a model: lineage, registry, charts, state (R9, D1, G2)."""

from __future__ import annotations

import pytest

import trackbridge as tb

pytestmark = pytest.mark.server


@pytest.fixture
def api(service):
    import wandb

    return wandb.Api(overrides={"base_url": service.url, "entity": "team"})


@pytest.fixture
def run(url, name, tmp_path, monkeypatch):
    """A finished run with a data set, a model file and a parent."""
    monkeypatch.setenv("TRACKBRIDGE_SHIPPER", "inline")
    monkeypatch.setenv("TRACKBRIDGE_JOURNAL_DIR", str(tmp_path))
    experiment = name("native")
    with tb.start_run(experiment=experiment, name="outer", backend=url, capture=False) as outer:
        with tb.start_run(
            experiment=experiment, name="inner", backend=url, capture=False, tags={"team": "risk"}
        ) as run:
            run.use_dataset(
                name="features", version="3", digest="md5:00ff", uri="s3://bucket/f.csv", context="training"
            )
            run.log_metric("loss", 0.5, step=7)
            run.log_text("weights", "model/w.txt")
            run.set_notes("by hand")
        assert outer.id != run.id
    return experiment, run.id, outer.id


def test_a_run_is_native(api, run):
    experiment, run_id, outer = run
    native = api.run(f"{experiment}/{run_id}")
    assert (native.name, native.state, native.notes, native.group) == ("inner", "finished", "by hand", outer)
    assert native.tags == ["team:risk"]
    assert native.rawconfig["_wandb"]["m"][0]["1"] == "trackbridge/step"
    (row,) = native.scan_history(use_cache=False)
    assert (row["loss"], row["trackbridge/step"]) == (0.5, 7)
    (used,) = native.used_artifacts()
    assert (used.type, used.source_collection.name) == ("dataset", "data-features")
    assert used.metadata["digest"] == "md5:00ff"
    assert [entry.ref for entry in used.manifest.entries.values()] == ["s3://bucket/f.csv"]


def test_a_model_is_linked_and_logged_by_its_run(api, url, run, name):
    experiment, run_id, _ = run
    model = name("model")
    with tb.connect(url) as store:
        store.registry.register(model, run_id=run_id, artifact="model")
        store.registry.register(model, run_id=run_id, artifact="model")
        for number in (1, 2):
            store.registry.transition(model, number, "Staging")
        store.registry.approve(model, 2)
    linked = {one.version: one for one in api.artifacts("model", f"wandb-registry-model/{model}")}
    assert {alias for alias in linked["v1"].aliases if alias != "latest"} == {"Staging"}
    assert linked["v0"].aliases == ["Staging-1"]
    assert (linked["v0"].tags, linked["v1"].tags) == ([], ["approved"])
    assert linked["v1"].logged_by().id == run_id
    assert list(linked["v1"].manifest.entries) == ["w.txt"]
    logged = api.run(f"{experiment}/{run_id}").logged_artifacts()
    assert {one.source_name for one in logged} == {f"{model}:v0", f"{model}:v1"}
