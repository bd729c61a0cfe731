from __future__ import annotations

import math
from itertools import permutations

import pytest

from trackbridge.errors import Conflict, NotFound
from trackbridge.protocol import Refused, Scan, Scope
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.values import same_value
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite

UNKNOWN = "0" * 32
VALUES = {
    "none": None,
    "true": True,
    "one": 1,
    "one.0": 1.0,
    "text": "1",
    "great": 2**70,
    "digits": -(10**4299),
    "edge": 2**63 - 1,
    "beyond": -(2**63) - 1,
    "nan": math.nan,
    "inf": -math.inf,
    "zero": 0.0,
    "negative zero": -0.0,
    "denormal": 5e-324,
    "long": "ä" * 20_000,
    "empty": "",
    "nul": "a\0b",
    "looks like a number": "007",
    "looks like NaN": "NaN",
    "list": [1, 1.0, True, None, "x", [math.nan, -0.0, 2**70], {"b": 1, "a": math.inf}],
    "dict": {},
}


def stamp(n, writer="w"):
    return Stamp(n, writer, 0)


def only(adapter, run_id):
    return adapter.runs.get([run_id])[run_id]


def test_a_new_run_is_running_and_empty(adapter):
    adapter.experiments.ensure("e")
    parent = new_run_id()
    header = RunHeader(new_run_id(), "e", 5, parent)
    opened = adapter.runs.create(header, name="shown")
    run = only(adapter, header.id)

    assert (opened.native_id, opened.created) == (header.id, True)
    assert (run.id, run.native_id, run.experiment, run.name) == (header.id, header.id, "e", "shown")
    assert (run.status, run.started_ms, run.ended_ms, run.parent, run.epoch) == ("RUNNING", 5, None, parent, 0)
    assert not any((run.params, run.tags, run.metrics, run.datasets, run.attributes, run.sidecar, run.deleted))


def test_opening_again_changes_nothing(adapter, run_id):
    before = only(adapter, run_id)
    again = adapter.runs.create(RunHeader(run_id, "e", 99, UNKNOWN), name="other")
    assert not again.created
    assert only(adapter, run_id) == before


def test_a_run_needs_its_experiment(adapter):
    with pytest.raises(NotFound, match="nowhere"):
        adapter.runs.create(RunHeader(new_run_id(), "nowhere", 0))


@pytest.mark.parametrize(
    "act",
    [
        lambda a: a.runs.write(UNKNOWN, RunWrites()),
        lambda a: a.runs.claim_epoch(UNKNOWN, 1),
        lambda a: a.runs.set_deleted(UNKNOWN, deleted=True),
        lambda a: a.runs.purge(UNKNOWN),
        lambda a: a.metrics.write(UNKNOWN, [MetricPoint("m", 0, 0, 1.0)]),
        lambda a: list(a.metrics.read(UNKNOWN)),
        lambda a: list(a.artifacts.list(UNKNOWN)),
        lambda a: a.artifacts.open(UNKNOWN, "x"),
        lambda a: a.objects.put(Scope("run", UNKNOWN), "sidecar/x", b""),
    ],
)
def test_an_unknown_run_is_not_found(adapter, act):
    with pytest.raises(NotFound, match=UNKNOWN):
        act(adapter)
    assert adapter.runs.get([UNKNOWN]) == {}


@pytest.mark.parametrize("name", VALUES)
def test_a_param_keeps_its_type_and_value(adapter, run_id, name):
    assert adapter.runs.write(run_id, RunWrites({name: VALUES[name]})) == ()
    assert same_value(only(adapter, run_id).params[name], VALUES[name])


def test_a_param_is_written_once(adapter, run_id):
    adapter.runs.write(run_id, RunWrites(VALUES))
    assert adapter.runs.write(run_id, RunWrites(VALUES)) == ()

    others = {"one": 1.0, "one.0": True, "zero": -0.0, "nan": "NaN", "looks like NaN": math.nan, "dict": [], "new": 7}
    refused = adapter.runs.write(run_id, RunWrites(others))
    assert {(one.kind, one.name, one.clause) for one in refused} == {
        ("param", name, "P3") for name in others if name != "new"
    }
    params = only(adapter, run_id).params
    assert all(same_value(params[name], value) for name, value in (VALUES | {"new": 7}).items())


def test_a_refusal_says_what_is_held(adapter, run_id):
    adapter.runs.write(run_id, RunWrites({"lr": 0.1}))
    (refused,) = adapter.runs.write(run_id, RunWrites({"lr": 0.2}))
    assert refused == Refused("param", "lr", "it is 0.1 already and cannot become 0.2", "P3")


def test_what_was_handed_over_is_not_shared(adapter, run_id):
    mine = [1, [2]]
    adapter.runs.write(run_id, RunWrites({"list": mine}))
    mine[1].append(3)
    only(adapter, run_id).params["list"].append(4)
    assert only(adapter, run_id).params["list"] == [1, [2]]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_greatest_stamp_wins_in_any_order(adapter, run_id, order):
    writes = [(stamp(5, "a"), "first"), (stamp(5, "b"), "second"), (Stamp(5, "b", 1), None)]
    for n in order:
        when, value = writes[n]
        adapter.runs.write(
            run_id,
            RunWrites(tags=(TagWrite("t", value, when),), attributes=(AttributeWrite("notes", value, when),)),
        )
    assert dict(only(adapter, run_id).tags) == {}
    assert dict(only(adapter, run_id).attributes) == {}


def test_tags_and_attributes_of_one_batch(adapter, run_id):
    tags = (TagWrite("a", "1", stamp(1)), TagWrite("b", "", stamp(1)), TagWrite("a", "2", stamp(2)))
    attributes = tuple(AttributeWrite(f"x.{name}", value, stamp(3)) for name, value in VALUES.items())
    for _ in range(2):
        adapter.runs.write(run_id, RunWrites(tags=tags, attributes=attributes))
    run = only(adapter, run_id)

    assert dict(run.tags) == {"a": "2", "b": ""}
    assert set(run.attributes) == {f"x.{name}" for name in VALUES} - {"x.none"}
    assert all(same_value(value, VALUES[name[2:]]) for name, value in run.attributes.items())


def test_the_name_is_an_attribute_that_shows_elsewhere(adapter, start):
    run_id = start(adapter, name="at birth")
    adapter.runs.write(run_id, RunWrites(attributes=(AttributeWrite("name", "later", stamp(2)),)))
    adapter.runs.write(run_id, RunWrites(attributes=(AttributeWrite("name", "late delivery", stamp(1)),)))
    assert (only(adapter, run_id).name, dict(only(adapter, run_id).attributes)) == ("later", {})

    adapter.runs.write(run_id, RunWrites(attributes=(AttributeWrite("name", None, stamp(3)),)))
    assert only(adapter, run_id).name is None


def test_datasets_are_a_set_of_uses(adapter, run_id):
    used = (
        DatasetRecord("d", "1", "sha256:" + "a" * 64, "s3://x", "training", '{"a": 1}', 7),
        DatasetRecord("d", "1", "sha256:" + "a" * 64, "s3://x", "validation", rows=2**62),
        DatasetRecord("d"),
    )
    for _ in range(2):
        adapter.runs.write(run_id, RunWrites(datasets=used))
    adapter.runs.write(run_id, RunWrites(datasets=(DatasetRecord("d", rows=3),)))
    assert only(adapter, run_id).datasets == tuple(sorted(used, key=lambda dataset: dataset.key))


@pytest.mark.parametrize("backwards", [False, True])
def test_the_greatest_status_wins(adapter, run_id, backwards):
    writes = [
        StatusWrite(0, "RUNNING", None, stamp(9)),
        StatusWrite(0, "FAILED", 10, stamp(1)),
        StatusWrite(0, "FINISHED", 20, stamp(2)),
        StatusWrite(1, "RUNNING", None, stamp(0)),
    ]
    seen = []
    for write in reversed(writes) if backwards else writes:
        for _ in range(2):
            adapter.runs.write(run_id, RunWrites(status=write))
        run = only(adapter, run_id)
        seen.append((run.status, run.ended_ms, run.epoch))
    last = ("RUNNING", None, 1)
    assert seen == ([last] * 4 if backwards else [("RUNNING", None, 0), ("FAILED", 10, 0), ("FINISHED", 20, 0), last])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_end_outlasts_what_was_sent_before_it_and_came_later(adapter, run_id, order):
    writes = [
        StatusWrite(2, "RUNNING", None, stamp(9)),
        StatusWrite(2, "FINISHED", 20, stamp(2)),
        StatusWrite(1, "KILLED", 30, stamp(99)),
    ]
    for n in order:
        adapter.runs.write(run_id, RunWrites(status=writes[n]))
    run = only(adapter, run_id)
    assert (run.status, run.ended_ms, run.epoch) == ("FINISHED", 20, 2)


def test_an_epoch_has_one_owner(adapter, run_id):
    assert [adapter.runs.claim_epoch(run_id, epoch) for epoch in (1, 1, 2, 1)] == [True, False, True, False]
    assert only(adapter, run_id).epoch == 2


def test_delete_and_restore(adapter, run_id):
    adapter.runs.write(run_id, RunWrites({"a": 1}))
    before = only(adapter, run_id)
    for _ in range(2):
        adapter.runs.set_deleted(run_id, deleted=True)
    assert only(adapter, run_id).deleted
    assert list(adapter.runs.scan(Scan())) == []
    assert [run.id for run in adapter.runs.scan(Scan(deleted="only"))] == [run_id]
    with pytest.raises(Conflict, match="deleted"):
        adapter.runs.create(RunHeader(run_id, "e", 0))

    for _ in range(2):
        adapter.runs.set_deleted(run_id, deleted=False)
    assert only(adapter, run_id) == before


def test_a_purged_run_is_gone_and_its_id_spent(adapter, run_id):
    adapter.runs.write(run_id, RunWrites({"a": 1}, tags=(TagWrite("t", "v", stamp(1)),)))
    adapter.metrics.write(run_id, [MetricPoint("m", 0, 0, 1.0)])
    adapter.objects.put(Scope("run", run_id), "sidecar/x", b"x")
    for _ in range(2):
        adapter.runs.purge(run_id)

    assert adapter.runs.get([run_id]) == {}
    assert list(adapter.runs.scan(Scan())) == []
    assert list(adapter.objects.list(Scope("run", run_id))) == []
    with pytest.raises(NotFound):
        list(adapter.metrics.read(run_id))
    with pytest.raises(Conflict, match="purged"):
        adapter.runs.create(RunHeader(run_id, "e", 0))


def test_get_leaves_out_the_unknown_and_takes_any_number(adapter, start):
    runs = [start(adapter, started_ms=n) for n in range(520)]
    adapter.runs.set_deleted(runs[3], deleted=True)
    found = adapter.runs.get([UNKNOWN, *runs, runs[0]])
    assert set(found) == set(runs)
    assert found[runs[3]].deleted
    assert all(found[run].started_ms == n for n, run in enumerate(runs))
    assert adapter.runs.get([]) == {}


def test_scan_heeds_experiments(adapter, start):
    here = start(adapter)
    adapter.experiments.ensure("other")
    there = new_run_id()
    adapter.runs.create(RunHeader(there, "other", 1))

    def found(*experiments):
        return {run.id for run in adapter.runs.scan(Scan(experiments=experiments))}

    assert (found("e"), found("other"), found("e", "other"), found("none"), found()) == (
        {here},
        {there},
        {here, there},
        set(),
        set(),
    )


def test_scan_gives_each_run_once_while_others_come_and_go(adapter, start):
    runs = [start(adapter, started_ms=n % 7) for n in range(600)]
    walk = adapter.runs.scan(Scan())
    seen = [next(walk).id]
    gone = {runs[n] for n in range(0, 600, 50)} - set(seen)
    for run in gone:
        adapter.runs.purge(run)
    for n in range(40):
        start(adapter, started_ms=n)
    seen += [run.id for run in walk]

    assert len(seen) == len(set(seen))
    assert set(runs) - gone <= set(seen) <= set(runs)


def test_the_sidecar_comes_along(adapter, run_id):
    scope = Scope("run", run_id)
    adapter.objects.put(scope, "sidecar/b", b"\x00\xff")
    adapter.objects.put(scope, "sidecar/a", b"")
    adapter.objects.put(scope, "environment/pip.txt", b"x")
    assert dict(only(adapter, run_id).sidecar) == {"sidecar/a": b"", "sidecar/b": b"\x00\xff"}
