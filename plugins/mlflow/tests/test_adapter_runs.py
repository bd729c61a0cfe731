"""Runs, params, tags, attributes, datasets and status on every kind of MLflow."""

from __future__ import annotations

import pytest

from trackbridge.errors import Conflict, NotFound, Unsupported
from trackbridge.protocol import Scan
from trackbridge.query import And, Compare, Field
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite

STAMP = Stamp(1, "w", 1)


def get(adapter, run_id):
    return adapter.runs.get([run_id])[run_id]


def test_creating_twice_is_creating_once(adapter, name):
    experiment, run_id = name("e"), new_run_id()
    adapter.experiments.ensure(experiment)
    first = adapter.runs.create(RunHeader(run_id, experiment, 0), name="shown")
    again = adapter.runs.create(RunHeader(run_id, experiment, 0), name="shown")
    assert (first.created, again.created) == (True, False)
    assert first.native_id == again.native_id
    run = get(adapter, run_id)
    assert (run.id, run.name, run.started_ms, run.status, run.epoch) == (run_id, "shown", 0, "RUNNING", 0)


def test_an_ended_run_keeps_times_at_both_ends(adapter, start):
    for ended_ms in (0, 253_402_300_799_999):
        run_id = start(started_ms=0)
        adapter.runs.write(run_id, RunWrites(status=StatusWrite(1, "KILLED", ended_ms, STAMP)))
        run = get(adapter, run_id)
        assert (run.status, run.started_ms, run.ended_ms) == ("KILLED", 0, ended_ms)
    adapter.runs.write(run_id, RunWrites(status=StatusWrite(2, "RUNNING", None, STAMP)))
    assert get(adapter, run_id).ended_ms is None


def test_more_than_one_batch_of_params_and_tags(adapter, start):
    run_id = start()
    params = {f"p{i}": "x" * 6_000 for i in range(150)}
    tags = tuple(TagWrite(f"t{i}", "é" * 8_000, STAMP) for i in range(120))
    assert adapter.runs.write(run_id, RunWrites(params=params, tags=tags)) == ()
    run = get(adapter, run_id)
    assert run.params == params
    assert run.tags == {tag.name: tag.value for tag in tags}


def test_a_param_with_another_value_is_refused_alone(adapter, start):
    run_id = start()
    adapter.runs.write(run_id, RunWrites(params={"a": "1", "b": "1"}))
    refused = adapter.runs.write(
        run_id, RunWrites(params={"a": "2", "b": "1", "c": "1"}, tags=(TagWrite("t", "v", STAMP),))
    )
    assert [(item.kind, item.name, item.clause) for item in refused] == [("param", "a", "P3")]
    run = get(adapter, run_id)
    assert run.params == {"a": "1", "b": "1", "c": "1"}
    assert run.tags == {"t": "v"}


def test_tags_and_attributes_come_and_go(adapter, start):
    run_id = start()
    there = [("name", "a name"), ("notes", "n\nn"), ("source.user", "u"), ("environment.gpu", ""), ("mlflow.x", "y")]
    adapter.runs.write(run_id, RunWrites(attributes=tuple(AttributeWrite(k, v, STAMP) for k, v in there)))
    run = get(adapter, run_id)
    assert run.name == "a name"
    assert run.attributes == dict(there[1:])
    assert run.tags == {}
    gone = tuple(AttributeWrite(key, None, STAMP) for key, _ in there)
    for _ in range(2):
        adapter.runs.write(run_id, RunWrites(attributes=gone, tags=(TagWrite("absent", None, STAMP),)))
    run = get(adapter, run_id)
    assert (run.name, run.attributes) == (None, {})


def test_parents_are_found_whether_they_come_first_or_not(adapter, start):
    parent, late = start(), new_run_id()
    child, orphan = start(parent=parent), start(parent=late)
    start(id=late)
    found = adapter.runs.get([child, orphan, parent, late])
    assert [found[run].parent for run in (child, orphan, parent, late)] == [parent, late, None, None]


def test_datasets_show_what_fits(adapter, start):
    run_id = start()
    sets = (
        DatasetRecord("d", "1", "sha256:" + "ab" * 32, "s3://b/x", "training", "{}", 3),
        DatasetRecord("d", "1", "sha256:" + "ab" * 32, "s3://b/x", "test"),
        DatasetRecord("e"),
    )
    for _ in range(2):
        adapter.runs.write(run_id, RunWrites(datasets=sets))
    shown = sorted(get(adapter, run_id).datasets, key=lambda dataset: dataset.name)
    assert shown == [DatasetRecord("d", digest="sha256:" + "ab" * 14 + "a", context="training"), DatasetRecord("e")]


def test_an_epoch_is_claimed_once(adapter, start):
    run_id = start()
    assert [adapter.runs.claim_epoch(run_id, epoch) for epoch in (1, 1, 2, 1, 2)] == [True, False, True, False, False]
    run = get(adapter, run_id)
    assert (run.epoch, run.params) == (2, {})


def test_deleted_runs_are_not_scanned_take_no_points_and_come_back(adapter, name):
    experiment = name("e")
    adapter.experiments.ensure(experiment)
    kept, deleted = new_run_id(), new_run_id()
    for run_id in (kept, deleted):
        adapter.runs.create(RunHeader(run_id, experiment, 5))
    for _ in range(2):
        adapter.runs.set_deleted(deleted, deleted=True)
    assert [run.id for run in adapter.runs.scan(Scan(experiments=(experiment,)))] == [kept]
    assert [run.id for run in adapter.runs.scan(Scan(experiments=(experiment,), deleted="only"))] == [deleted]
    assert get(adapter, deleted).deleted
    with pytest.raises(Conflict):
        adapter.runs.create(RunHeader(deleted, experiment, 5))
    with pytest.raises(Conflict):
        adapter.metrics.write(deleted, [MetricPoint("m", 0, 0, 0.0)])
    for _ in range(2):
        adapter.runs.set_deleted(deleted, deleted=False)
    assert {run.id for run in adapter.runs.scan(Scan(experiments=(experiment,)))} == {kept, deleted}


def test_unknown_runs(adapter, start):
    start()
    absent = new_run_id()
    assert adapter.runs.get([absent]) == {}
    for act in (
        lambda: adapter.runs.write(absent, RunWrites(params={"a": "1"})),
        lambda: adapter.metrics.write(absent, [MetricPoint("m", 0, 0, 0.0)]),
        lambda: list(adapter.metrics.read(absent)),
        lambda: adapter.runs.set_deleted(absent, deleted=True),
        lambda: list(adapter.artifacts.list(absent)),
        lambda: adapter.runs.claim_epoch(absent, 1),
    ):
        with pytest.raises(NotFound):
            act()


def test_purge_spends_the_id_or_says_that_it_cannot(backend, start):
    adapter, run_id = backend.adapter, start()
    adapter.metrics.write(run_id, [MetricPoint("m", 0, 0, 0.0)])
    if backend.spec.capabilities.absent("purge"):
        with pytest.raises(Unsupported) as caught:
            adapter.runs.purge(run_id)
        assert caught.value.capability == "purge"
        assert run_id in adapter.runs.get([run_id])
        return
    adapter.runs.purge(run_id)
    assert adapter.runs.get([run_id]) == {}
    with pytest.raises(Conflict, match="purged"):
        adapter.runs.create(RunHeader(run_id, "any", 0))


def test_a_scan_gives_each_run_once_whatever_comes_and_goes(direct, name):
    client = direct.runs._client
    experiment = name("e")
    direct.experiments.ensure(experiment)
    ids = [new_run_id() for _ in range(30)]
    for i, run_id in enumerate(ids):
        direct.runs.create(RunHeader(run_id, experiment, 1_000 + i // 7))
    native = client.experiment(experiment).experiment_id
    seen = []
    for i, run in enumerate(client.runs([native], deleted=False, page=4)):  # less than the ties of one moment
        seen.append(run.data.tags["trackbridge.id"])
        direct.runs.create(RunHeader(new_run_id(), experiment, i))  # older ones, which move every offset
        if i % 5 == 0:
            direct.runs.set_deleted(seen[-1], deleted=True)
    assert len(seen) == len(set(seen))
    assert set(ids) <= set(seen)


def test_a_scan_is_narrowed_by_start_time(adapter, name):
    experiment = name("e")
    adapter.experiments.ensure(experiment)
    ids = [new_run_id() for _ in range(3)]
    for i, run_id in enumerate(ids):
        adapter.runs.create(RunHeader(run_id, experiment, 10 * i))
    started = Field("run", "started")
    where = And((Compare(started, ">=", 10), Compare(started, "!=", 20), Compare(Field("tags", "a"), "=", "b")))
    assert [run.id for run in adapter.runs.scan(Scan(where, experiments=(experiment,)))] == [ids[1]]


def test_two_native_runs_of_one_id_are_read_as_one(adapter, name):
    """What two creators leave who race for one id: R1 has writers agree on one, and readers merge."""
    from mlflow.entities import Metric, Param, RunTag

    experiment, run_id = name("e"), new_run_id()
    adapter.experiments.ensure(experiment)
    adapter.runs.create(RunHeader(run_id, experiment, 7))
    client = adapter.runs._client
    first = client.tracking.search_runs(
        [client.experiment(experiment).experiment_id], f"tags.`trackbridge.id` = '{run_id}'", 1, 10, None, None
    )[0]
    twin = client.tracking.create_run(first.info.experiment_id, "", 7, [RunTag("trackbridge.id", run_id)], run_id)
    points = [MetricPoint("m", step, 1, float(step)) for step in range(4)]
    for native, some, param in ((first, points[:3], "a"), (twin, points[2:], "b")):
        metrics = [Metric(p.name, p.value, p.timestamp_ms, p.step) for p in some]
        client.tracking.log_batch(native.info.run_id, metrics, [Param(param, "1")], [RunTag(param, "2")])
    for reader in (adapter, type(adapter)(_parsed(adapter))):
        run = get(reader, run_id)
        assert (run.native_id, run.params, run.tags) == (first.info.run_id, {"a": "1", "b": "1"}, {"a": "2", "b": "2"})
        assert list(reader.metrics.read(run_id)) == points
        assert [found.id for found in reader.runs.scan(Scan(experiments=(experiment,)))] == [run_id]
        assert reader.runs.create(RunHeader(run_id, experiment, 7)).native_id == first.info.run_id
    assert [adapter.runs.claim_epoch(run_id, 1), adapter.runs.claim_epoch(run_id, 1)] == [True, False]
    adapter.runs.set_deleted(run_id, deleted=True)
    assert list(adapter.runs.scan(Scan(experiments=(experiment,)))) == []


def _parsed(adapter):
    from trackbridge.protocol import parse_url

    return parse_url(adapter.runs._client.address.shown)
