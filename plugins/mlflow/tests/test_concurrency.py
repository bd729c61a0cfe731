"""Writers who race: what MLflow's write-once params, unique names and growing numbers are trusted with."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from trackbridge.protocol import Scan, VersionSpec, open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites

WRITERS, ROUNDS = 8, 4


@pytest.fixture(params=["direct_url", pytest.param("mlflow_postgres_s3", marks=[pytest.mark.server, pytest.mark.full])])
def url(request):
    """Where inserts race: SQLite without a server, and a server on PostgreSQL."""
    found = request.getfixturevalue(request.param)
    return found if isinstance(found, str) else f"mlflow+{found['url']}"


@pytest.fixture
def together(url):
    """Call `act(adapter, writer)` at one moment for each of several adapters that share nothing but the process."""
    adapters = [open_backend(url).adapter for _ in range(WRITERS)]

    def together(act):
        barrier = threading.Barrier(WRITERS)

        def call(writer):
            barrier.wait()
            return act(adapters[writer], writer)

        with ThreadPoolExecutor(WRITERS) as pool:
            return list(pool.map(call, range(WRITERS)))

    yield together
    for adapter in adapters:
        adapter.close()


def test_one_writer_creates_each_entry_of_a_trail(together, adapter, name):
    model = name("m")
    adapter.registry.ensure_model(model)
    for n in range(ROUNDS):
        won = together(lambda one, writer, n=n: one.registry.append_entry(model, n, b'{"n":%d,"w":%d}' % (n, writer)))
        assert won.count(True) == 1
        assert list(adapter.registry.entries(model))[n] == b'{"n":%d,"w":%d}' % (n, won.index(True))


def test_whoever_opens_one_run_is_given_one_native_run(together, adapter, name):
    experiment = name("e")
    adapter.experiments.ensure(experiment)
    for _ in range(ROUNDS):
        header = RunHeader(new_run_id(), experiment, 5)
        opened = together(lambda one, _, header=header: one.runs.create(header))
        (native,) = {each.native_id for each in opened}
        assert adapter.runs.create(header).native_id == native
        assert adapter.runs.get([header.id])[header.id].native_id == native


def test_one_writer_claims_each_epoch(together, start):
    run_id = start()
    for epoch in range(1, ROUNDS + 1):
        assert together(lambda one, _, epoch=epoch: one.runs.claim_epoch(run_id, epoch)).count(True) == 1


def test_one_experiment_one_model_and_one_run_come_of_many_creators(together, adapter, name):
    for _ in range(ROUNDS):
        experiment, model, run_id = name("e") + new_run_id()[-6:], name("m") + new_run_id()[-6:], new_run_id()

        def create(one, writer, experiment=experiment, model=model, run_id=run_id):
            one.experiments.ensure(experiment)
            one.registry.ensure_model(model)
            one.runs.create(RunHeader(run_id, experiment, 5))
            one.metrics.write(run_id, [MetricPoint("m", writer, 1, 1.0)])
            one.runs.write(run_id, RunWrites(params={f"p{writer}": "1"}))

        together(create)
        assert [run.id for run in adapter.runs.scan(Scan(experiments=(experiment,)))] == [run_id]
        assert [point.step for point in adapter.metrics.read(run_id)] == list(range(WRITERS))
        assert adapter.runs.get([run_id])[run_id].params == {f"p{writer}": "1" for writer in range(WRITERS)}


def test_a_param_is_the_first_writers(together, adapter, start):
    run_id = start()
    refused = together(
        lambda one, writer: one.runs.write(run_id, RunWrites(params={"p": str(writer), f"own{writer}": "1"}))
    )
    (winner,) = [writer for writer, items in enumerate(refused) if not items]
    params = adapter.runs.get([run_id])[run_id].params
    assert params == {"p": str(winner), **{f"own{writer}": "1" for writer in range(WRITERS)}}


def test_one_token_is_one_version_and_no_number_is_given_twice(together, adapter, name):
    model = name("m")
    adapter.registry.ensure_model(model)
    same = together(lambda one, _: one.registry.create_version(model, VersionSpec("same", None, "m", None, 5)))
    assert len(set(same)) == 1
    own = together(
        lambda one, writer: one.registry.create_version(model, VersionSpec(f"t{writer}", None, "m", None, 5))
    )
    assert max(Counter(own).values()) == 1
    assert sorted(version.number for version in adapter.registry.versions(model)) == sorted({*same, *own})
