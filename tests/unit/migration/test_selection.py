"""Which runs and models a migration moves, and in which order."""

from __future__ import annotations

import uuid

import pytest

from trackbridge.migration.selection import RunRef, Selection, choose_models, choose_runs, levels, runs_of_models
from trackbridge.migration.sides import Side
from trackbridge.protocol import VersionSpec
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, StatusWrite
from trackbridge.store import connect


def refs(**parents: str | None) -> list[RunRef]:
    return [RunRef(run, "e", parent) for run, parent in parents.items()]


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        ({}, []),
        ({"a": None, "b": None}, [["a", "b"]]),
        ({"c": "b", "b": "a", "a": None}, [["a"], ["b"], ["c"]]),
        ({"a": "elsewhere", "b": "a"}, [["a"], ["b"]]),
        ({"a": None, "b": "a", "c": "a", "d": "c"}, [["a"], ["b", "c"], ["d"]]),
    ],
)
def test_parents_stand_before_their_children(parents, expected) -> None:
    assert [[run.id for run in level] for level in levels(refs(**parents))] == expected


def test_runs_that_name_each_other_as_parents_are_moved_all_the_same() -> None:
    assert sorted(run.id for level in levels(refs(a="b", b="a", c="a")) for run in level) == ["a", "b", "c"]


@pytest.fixture
def side():
    with connect(f"memory://{uuid.uuid4().hex}") as store:
        adapter = store.backend.adapter
        for n, (experiment, ended) in enumerate((("x", 20), ("x", None), ("y", 5_000))):
            adapter.experiments.ensure(experiment)
            run = f"{n}" * 32
            adapter.runs.create(RunHeader(run, experiment, 10 + n))
            if ended is not None:
                stamp = Stamp(1, "w", 1)
                adapter.runs.write(run, RunWrites({"n": n}, status=StatusWrite(0, "FINISHED", ended, stamp)))
        adapter.registry.ensure_model("m")
        adapter.registry.create_version("m", VersionSpec("t", "2" * 32, "model", None, 0))
        adapter.runs.create(RunHeader("d" * 32, "x", 1))
        adapter.runs.set_deleted("d" * 32, deleted=True)
        yield Side.of(store)


@pytest.mark.parametrize(
    ("selection", "runs", "models"),
    [
        (Selection(), "012", ["m"]),
        (Selection(deleted=True), "012d", ["m"]),
        (Selection(experiments=("x",)), "01", []),
        (Selection(experiments=("x",), deleted=True), "01d", []),
        (Selection(where="params.n = 2"), "2", []),
        (Selection(since_ms=1_000), "12", ["m"]),
        (Selection(models=()), "012", []),
        (Selection(experiments=("none",), models=("m",)), "", ["m"]),
        (Selection(models=("not there",)), "012", ["not there"]),
    ],
)
def test_what_is_chosen(side, selection, runs, models) -> None:
    assert "".join(sorted(run.id[0] for run in choose_runs(side, selection))) == runs
    assert choose_models(side, selection) == models


def test_a_model_brings_the_runs_that_it_comes_from(side) -> None:
    assert [run.id for run in runs_of_models(side, ["m", "not there"])] == ["2" * 32]


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(), []),
        (Selection(deleted=True), []),
        (Selection(experiments=("x",)), ["only experiments 'x'", "no models"]),
        (Selection(where="status = 'FAILED'", models=("m",)), ["only runs where status = 'FAILED'", "only models 'm'"]),
        (Selection(since_ms=0), ["only runs that were active since 1970-01-01T00:00:00.000Z"]),
        (Selection(models=()), ["no models"]),
    ],
)
def test_what_is_left_out_is_said(selection, words) -> None:
    assert selection.words() == words
