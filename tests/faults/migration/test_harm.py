"""One thing is harmed in the target after a migration: `verify` finds it and says what it is, every kind."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from e2e.migration_ends import bad, move, origin
from e2e.migration_world import Size
from trackbridge.adapters.memory.state import MemoryState, RunState, state_of
from trackbridge.migration import verify
from trackbridge.protocol import Scope
from trackbridge.records.metrics import value_key
from trackbridge.store import connect

SIZE = Size(runs=6, levels=3, models=2, points=300)


def _param(run: RunState) -> None:
    run.params["p3"] = 0.0  # it is 0


def _param_type(run: RunState) -> None:
    run.params["p1"] = "True"


def _tag(run: RunState) -> None:
    run.tags["t1"] = replace(run.tags["t1"], value="")


def _tag_gone(run: RunState) -> None:
    run.tags["t1"] = replace(run.tags["t1"], value=None)


def _attribute(run: RunState) -> None:
    run.attributes["notes"] = replace(run.attributes["notes"], value="n")


def _attribute_type(run: RunState) -> None:
    run.attributes["environment.gpus"] = replace(run.attributes["environment.gpus"], value="2")


def _name(run: RunState) -> None:
    run.attributes["name"] = replace(run.attributes["name"], value="other")


def _status(run: RunState) -> None:
    run.status = replace(run.status, status="KILLED")


def _end(run: RunState) -> None:
    run.status = replace(run.status, ended_ms=1)


def _start(run: RunState) -> None:
    run.header = replace(run.header, started_ms=run.header.started_ms + 1)


def _parent(run: RunState) -> None:
    run.header = replace(run.header, parent="0" * 32)


def _experiment_of(run: RunState) -> None:
    run.header = replace(run.header, experiment="has no runs")


def _point(run: RunState, old: tuple[int, int, float], new: tuple[int, int, float] | None, name: str = "loss") -> None:
    series = run.series[name]
    del series[old[0], old[1], value_key(old[2])]
    if new is not None:
        series[new[0], new[1], value_key(new[2])] = new[2]


def _first(run: RunState, name: str = "loss") -> tuple[int, int, float]:
    (step, time, _), value = next(iter(run.series[name].items()))
    return step, time, value


def _value(run: RunState) -> None:
    step, time, value = _first(run)
    _point(run, (step, time, value), (step, time, math.nextafter(value, 2.0)))


def _step(run: RunState) -> None:
    step, time, value = _first(run)
    _point(run, (step, time, value), (step + 1_000, time, value))


def _time(run: RunState) -> None:
    step, time, value = _first(run)
    _point(run, (step, time, value), (step, time + 1, value))


def _point_gone(run: RunState) -> None:
    _point(run, _first(run), None)


def _point_more(run: RunState) -> None:
    run.series["loss"][7, 7, value_key(7.0)] = 7.0


def _sign_of_zero(run: RunState) -> None:
    series = run.series["every value"]
    (key,) = (key for key, value in series.items() if value == 0 and math.copysign(1, value) < 0)
    del series[key]
    series[key[0], key[1], value_key(0.0)] = 0.0


def _series_gone(run: RunState) -> None:
    del run.series["loss"]


def _series_more(run: RunState) -> None:
    run.series["loss2"] = dict(run.series["loss"])


def _dataset(run: RunState) -> None:
    (key, dataset), *_ = run.datasets.items()
    run.datasets[key] = replace(dataset, rows=1)


def _dataset_gone(run: RunState) -> None:
    run.datasets.popitem()


def _byte(run: RunState) -> None:
    data = run.artifacts["model/model.bin"]
    run.artifacts["model/model.bin"] = bytes([data[0] ^ 1]) + data[1:]


def _file_cut(run: RunState) -> None:
    run.artifacts["model/model.bin"] = run.artifacts["model/model.bin"][:-1]


def _file_gone(run: RunState) -> None:
    del run.artifacts["empty"]


def _file_more(run: RunState) -> None:
    run.artifacts["more"] = b""


# What is harmed, of which run, and how the difference is called.
RUN_HARM: dict[str, tuple[Callable[[RunState], None], int, str]] = {
    "a param": (_param, 0, "params.p3"),
    "a param's type": (_param_type, 0, "params.p1"),
    "a tag": (_tag, 0, "tags.t1"),
    "a tag that is gone": (_tag_gone, 0, "tags.t1"),
    "notes": (_attribute, 0, "attributes.notes"),
    "an attribute's type": (_attribute_type, 0, "attributes.environment.gpus"),
    "a name": (_name, 0, "name"),
    "a status": (_status, 0, "status"),
    "an end": (_end, 1, "ended_ms"),
    "a start": (_start, 1, "started_ms"),
    "a parent": (_parent, 1, "parent"),
    "the experiment of a run": (_experiment_of, 1, "experiment"),
    "the last bit of a value": (_value, 1, "metrics.loss, step 0"),
    "a step": (_step, 1, "metrics.loss, step 1000"),
    "a millisecond": (_time, 1, "metrics.loss, step 0"),
    "a point": (_point_gone, 1, "metrics.loss, step 0"),
    "a point more": (_point_more, 1, "metrics.loss, step 7"),
    "the sign of zero": (_sign_of_zero, 0, "metrics.every value, step 5"),
    "a series": (_series_gone, 1, "metrics.loss"),
    "a series more": (_series_more, 1, "metrics.loss2"),
    "a data set": (_dataset, 1, "datasets.träin"),
    "a data set that is gone": (_dataset_gone, 1, "datasets.träin"),
    "a byte": (_byte, 1, "artifacts.model/model.bin"),
    "the last byte": (_file_cut, 1, "artifacts.model/model.bin"),
    "a file": (_file_gone, 1, "artifacts.empty"),
    "a file more": (_file_more, 1, "artifacts.more"),
}


def _object(state: MemoryState, run: str) -> None:
    state.objects[Scope("run", run)]["environment/packages.txt"] = b"a==2\n"


def _report(state: MemoryState, run: str) -> None:
    scope = state.objects[Scope("run", run)]
    del scope[next(name for name in scope if name.startswith("gate/"))]


def _run_gone(state: MemoryState, run: str) -> None:
    del state.runs[run]


def _run_deleted(state: MemoryState, run: str) -> None:
    state.runs[run].deleted = True


def _version_gone(state: MemoryState, _: str) -> None:
    state.models["fraud"].versions[2].deleted = True


def _version(state: MemoryState, _: str) -> None:
    row = state.models["fraud"].versions[1]
    row.spec = replace(row.spec, digest="sha256:" + "0" * 64)


def _version_run(state: MemoryState, run: str) -> None:
    row = state.models["fraud"].versions[2]
    row.spec = replace(row.spec, run_id=run)


def _signature(state: MemoryState, _: str) -> None:
    row = state.models["fraud"].versions[1]
    row.spec = replace(row.spec, signature="{}")


def _stage(state: MemoryState, _: str) -> None:
    state.models["fraud"].versions[1].stage = "Staging"


def _approval(state: MemoryState, _: str) -> None:
    state.models["fraud"].versions[2].approval = "rejected"


def _alias(state: MemoryState, _: str) -> None:
    state.models["fraud"].aliases["champion"] = 1


def _entry(state: MemoryState, _: str) -> None:
    entries = state.models["fraud"].entries
    entries[2] = entries[2].replace(b"ann", b"bob")


def _tail(state: MemoryState, _: str) -> None:
    model = state.models["fraud"]
    del model.entries[max(model.entries)]


def _model_gone(state: MemoryState, _: str) -> None:
    del state.models["fraud"]


def _model_tag(state: MemoryState, _: str) -> None:
    state.models["fraud"].tags["team"] = "none"


def _experiment_tag(state: MemoryState, _: str) -> None:
    found = state.experiments["plain"]
    state.experiments["plain"] = replace(found, tags={**found.tags, "long": "short"})


STORE_HARM: dict[str, tuple[Callable[[MemoryState, str], None], str]] = {
    "a file of the environment": (_object, "environment_files.packages.txt"),
    "a gate's report": (_report, "objects.gate/"),
    "a run": (_run_gone, ""),
    "a run that was deleted": (_run_deleted, ""),
    "a version": (_version_gone, "versions"),
    "a version's digest": (_version, "versions"),
    "the run of a version": (_version_run, "versions"),
    "a signature": (_signature, "versions"),
    "a stage": (_stage, "versions"),
    "an approval": (_approval, "versions"),
    "an alias": (_alias, "versions"),
    "an entry of a trail": (_entry, "model"),
    "the end of a trail": (_tail, "model"),
    "a model": (_model_gone, ""),
    "a model's tag": (_model_tag, "tags.team"),
    "an experiment's tag": (_experiment_tag, "tags.long"),
}


@pytest.fixture(scope="module")
def known():
    return origin(SIZE, "")


@pytest.fixture
def moved(known):
    """A migrated data set, proven equal: (store, its raw state)."""
    name = uuid.uuid4().hex
    with connect(f"memory://{name}") as target:
        assert bad(move(known.store, target, known.world)) == []
        assert verify(known.store, target).holds
        yield target, state_of(name)


def found(known, target):
    """Give the one thing that `verify` finds, by what its differences are called."""
    outcome = verify(known.store, target)
    (mismatch,) = outcome.mismatches
    return mismatch, [difference.what for difference in mismatch.differences]


@pytest.mark.parametrize("harm", RUN_HARM)
def test_harm_to_a_run_is_found(known, moved, harm) -> None:
    store, state = moved
    act, which, named = RUN_HARM[harm]
    run = known.world.runs[which]
    act(state.runs[run])

    mismatch, named_so = found(known, store)
    assert mismatch.run == run
    assert named in named_so


@pytest.mark.parametrize("harm", STORE_HARM)
def test_harm_to_a_store_is_found(known, moved, harm) -> None:
    store, state = moved
    act, named = STORE_HARM[harm]
    act(state, known.world.runs[0])

    mismatch, named_so = found(known, store)
    assert mismatch.counterpart is None if not named else any(one.startswith(named) for one in named_so)


def test_a_byte_on_the_disk_is_found_although_the_listing_is_right(known, tmp_path) -> None:
    with connect(f"local://{tmp_path}/store") as target:
        assert bad(move(known.store, target, known.world)) == []
        listed = {file.sha256: file for file in target.artifacts.list(known.world.runs[1])}
        blob = next(path for path in tmp_path.rglob("*") if path.is_file() and path.name in listed)
        data = bytearray(blob.read_bytes())
        data[-1] ^= 1
        blob.chmod(0o600)
        blob.write_bytes(data)

        mismatch, named_so = found(known, target)
        assert f"artifacts.{listed[blob.name].path}" in named_so
        assert mismatch.run == known.world.runs[1]
