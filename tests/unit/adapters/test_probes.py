"""The probes of memory and local see what the adapters wrote, and change it behind their backs."""

from __future__ import annotations

import hashlib
import io
import math
from importlib import import_module

import pytest

from trackbridge.protocol import Mirror, Scope, VersionSpec, VersionState, find_adapter, parse_url
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.values import same_value
from trackbridge.records.writes import AttributeWrite, RunWrites, Stamp, StatusWrite, TagWrite

PARAMS = {
    "none": None,
    "yes": True,
    "int": 2**70,
    "float": -0.0,
    "nan": math.nan,
    "text": "7",
    "list": [1, 1.0, {"a": None}],
}


@pytest.fixture
def probe(url):
    parsed = parse_url(url)
    module, _, name = find_adapter(parsed).probe.partition(":")
    probe = getattr(import_module(module), name)(parsed)
    yield probe
    probe.close()


def test_a_run_is_seen_whole(adapter, probe, start):
    run_id = start(adapter, started_ms=7, parent="b" * 32, name="at birth")
    assert probe.run(run_id).name == "at birth"
    stamp = Stamp(1, "w", 0)
    adapter.runs.write(
        run_id,
        RunWrites(
            PARAMS,
            (TagWrite("t", "v", stamp), TagWrite("gone", None, stamp)),
            (AttributeWrite("name", "n", stamp),),
            (DatasetRecord("d", digest="sha256:ab", context="training"), DatasetRecord("e")),
            StatusWrite(0, "FAILED", 9, stamp),
        ),
    )
    adapter.artifacts.put(run_id, "a/b", io.BytesIO(b"abc"), size=3, sha256=hashlib.sha256(b"abc").hexdigest())
    adapter.metrics.write(run_id, [MetricPoint("m", -2, 3, math.nan), MetricPoint("m", -2, 3, -0.0)])

    run = probe.run(run_id)
    assert (run.native_id, run.name, run.experiment, run.parent) == (run_id, "n", "e", "b" * 32)
    assert (run.status, run.started_ms, run.ended_ms, run.deleted) == ("FAILED", 7, 9, False)
    assert {name: same_value(run.params[name], value) for name, value in PARAMS.items()} == dict.fromkeys(PARAMS, True)
    assert (dict(run.tags), dict(run.artifacts)) == ({"t": "v"}, {"a/b": 3})
    assert set(run.datasets) == {("d", "sha256:ab", "training"), ("e", None, None)}
    assert probe.artifact(run_id, "a/b") == b"abc"
    assert sorted(map(repr, probe.series(run_id, "m"))) == ["(-2, 3, -0.0)", "(-2, 3, nan)"]
    assert probe.series(run_id, "other") == []

    adapter.runs.set_deleted(run_id, deleted=True)
    assert probe.run(run_id).deleted
    adapter.runs.purge(run_id)
    assert probe.run(run_id) is None


def test_an_empty_store_has_nothing(adapter, probe):
    assert (probe.run("0" * 32), probe.model("m")) == (None, None)


def test_a_tag_is_changed_as_by_a_colleague(adapter, probe, run_id):
    adapter.runs.write(run_id, RunWrites(tags=(TagWrite("t", "v", Stamp(5, "w", 0)),)))
    probe.set_tag(run_id, "t", "changed")
    probe.set_tag(run_id, "new", "set")
    assert dict(adapter.runs.get([run_id])[run_id].tags) == {"t": "changed", "new": "set"}


def test_sidecars_are_deleted_and_nothing_else(adapter, probe, run_id):
    scope = Scope("run", run_id)
    for name in ("sidecar/a", "sidecar/b", "environment/c"):
        adapter.objects.put(scope, name, b"x")
    assert (probe.delete_sidecars(run_id), probe.delete_sidecars(run_id)) == (2, 0)
    assert [found.name for found in adapter.objects.list(scope)] == ["environment/c"]


def test_a_model_is_seen_and_forged(adapter, probe):
    registry = adapter.registry
    registry.ensure_model("m")
    for token in "ab":
        registry.create_version("m", VersionSpec(token, None, "model", None, 0))
    registry.append_entry("m", 0, b"zero")
    registry.append_entry("m", 1, b"one")
    state = VersionState("Staging", "approved", ("best",))
    registry.set_mirror("m", Mirror(2, "head", {1: state}))
    model = probe.model("m")
    assert (model.name, dict(model.versions), model.entries) == ("m", {1: state, 2: VersionState()}, (b"zero", b"one"))

    probe.set_stage("m", 2, "Production")
    probe.replace_entries("m", (b"one",))
    assert [version.state.stage for version in registry.versions("m")] == ["Staging", "Production"]
    assert (list(registry.entries("m")), registry.get_model("m").mirrored) == ([b"one"], (2, "head"))
    registry.delete_version("m", 1)
    assert set(probe.model("m").versions) == {2}
    registry.delete_model("m")
    assert probe.model("m") is None
