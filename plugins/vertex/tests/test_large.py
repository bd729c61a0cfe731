"""What is too much for Vertex AI's own fields, and numbers that it would not have given (X3, G1)."""

from __future__ import annotations

import pytest

from trackbridge.errors import Conflict
from trackbridge.protocol import Mirror, VersionSpec, VersionState, open_backend
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import AttributeWrite, RunWrites, Stamp, TagWrite

pytestmark = pytest.mark.server


def test_a_run_of_more_than_200_kb_is_read_in_full(place, adapter, start):
    run_id = start()
    params = {f"p{n:04d}": f"{n} " + "x" * 990 for n in range(400)} | {"int": 7, "none": None}
    tags = tuple(TagWrite(f"t{n}", "文" * 900, Stamp(1, "w", n)) for n in range(100))
    packages = AttributeWrite("packages", ["package==1.0"] * 4_000, Stamp(1, "w", 1))
    adapter.runs.write(run_id, RunWrites(params=params))
    adapter.runs.write(run_id, RunWrites(tags=tags, attributes=(packages,)))
    adapter.metrics.write(run_id, [MetricPoint(f"m{n}", 1, 1, float(n)) for n in range(1_500)])
    adapter.runs.write(run_id, RunWrites(params={"late": 1.5}, tags=(TagWrite("t0", None, Stamp(2, "w", 1)),)))
    (refused,) = adapter.runs.write(run_id, RunWrites(params={"p0399": "other"}))
    assert refused.name == "p0399"
    other = open_backend(place.url()).adapter
    run = other.runs.get([run_id])[run_id]
    assert run.params == {**params, "late": 1.5}
    assert run.tags == {tag.name: tag.value for tag in tags[1:]}
    assert run.attributes["packages"] == packages.value
    assert {name: one.last for name, one in run.metrics.items()} == {f"m{n}": float(n) for n in range(1_500)}
    assert place.remote.violations() == []
    other.close()


def test_given_numbers_are_kept_and_the_next_one_follows_the_greatest(adapter, name):
    model, registry = name("m"), adapter.registry
    registry.ensure_model(model)
    make = registry.create_version
    assert [make(model, VersionSpec(f"t{n}", None, "m", None, 5), n) for n in (2, 7)] == [2, 7]
    assert make(model, VersionSpec("next", None, "m", None, 5)) == 8
    assert make(model, VersionSpec("free", None, "m", None, 5), 4) == 4
    assert make(model, VersionSpec("t7", None, "m", None, 5), 7) == 7
    with pytest.raises(Conflict):
        make(model, VersionSpec("other", None, "m", None, 5), 7)
    registry.set_mirror(model, Mirror(1, "h", {7: VersionState("Production", "pending", ("champion", "c"))}))
    states = {version.number: version.state for version in registry.versions(model)}
    assert states[7] == VersionState("Production", "pending", ("c", "champion"))
    assert {number for number, state in states.items() if state == VersionState()} == {2, 4, 8}
    registry.delete_version(model, 8)
    assert make(model, VersionSpec("after", None, "m", None, 5)) == 9


def test_no_tensorboard_without_series(fresh):
    adapter = open_backend(fresh.url()).adapter
    adapter.experiments.ensure("quiet")
    assert not [method for method in fresh.remote.calls() if "Tensorboard" in method]
    adapter.close()
