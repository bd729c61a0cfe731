"""Several writers at once: of what they write to one run, one model or one instance, nothing is lost (R5, R8, G1, G5)."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from trackbridge.protocol import Scope, VersionSpec, open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, TagWrite

pytestmark = pytest.mark.server

WRITERS, KEYS = 4, 10

PROCESSES = """
import os, sys
from trackbridge.protocol import open_backend
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunWrites, Stamp, TagWrite

url, run_id = sys.argv[1:]
open_backend(url).spec.load()  # once for all: what is forked has connected to nothing yet


def write(n):
    adapter = open_backend(url).adapter
    for key in range(40):
        name = f"w{n}.{key}"
        writes = RunWrites(params={name: key}, tags=(TagWrite(name, str(key), Stamp(key, f"w{n}", key)),))
        assert adapter.runs.write(run_id, writes) == ()
    adapter.metrics.write(run_id, [MetricPoint(f"m{n}", step, step, float(n)) for step in range(40)])
    adapter.close()


children = []
for n in range(8):
    pid = os.fork()
    if pid == 0:
        try:
            write(n)
        except BaseException as error:
            sys.stderr.write(repr(error))
            os._exit(1)
        os._exit(0)
    children.append(pid)
sys.exit(sum(os.waitpid(pid, 0)[1] for pid in children) != 0)
"""


@pytest.fixture
def together(place):
    """Call `act(adapter, writer)` at one moment for each of several adapters that share nothing but the process."""
    adapters = [open_backend(place.url()).adapter for _ in range(WRITERS)]

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


def test_eight_processes_write_to_one_run(place, adapter, start):
    run_id = start()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROCESSES, place.url(), run_id],
        capture_output=True, check=False, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = adapter.runs.get([run_id])[run_id]
    assert run.params == {f"w{n}.{key}": key for n in range(8) for key in range(40)}
    assert run.tags == {f"w{n}.{key}": str(key) for n in range(8) for key in range(40)}
    assert {name: one.count for name, one in run.metrics.items()} == {f"m{n}": 40 for n in range(8)}
    assert len(list(adapter.metrics.read(run_id))) == 8 * 40
    assert place.remote.violations() == []


def test_four_writers_lose_nothing(together, adapter, start):
    run_id = start()

    def write(one, writer):
        for key in range(KEYS):
            tag = TagWrite("shared", f"{writer}.{key}", Stamp(key, f"w{writer}", key))
            one.runs.write(run_id, RunWrites(params={f"{writer}.{key}": key}, tags=(tag,)))
            one.metrics.write(run_id, [MetricPoint("shared", writer * KEYS + key, 1, 1.0)])
            one.objects.put(Scope("run", run_id), f"sidecar/{writer}-{key}", b"x")

    together(write)
    run = adapter.runs.get([run_id])[run_id]
    assert run.params == {f"{writer}.{key}": key for writer in range(WRITERS) for key in range(KEYS)}
    assert run.tags == {"shared": f"{WRITERS - 1}.{KEYS - 1}"}
    assert len(list(adapter.metrics.read(run_id))) == WRITERS * KEYS
    assert (run.metrics["shared"].last_step, len(run.sidecar)) == (WRITERS * KEYS - 1, WRITERS * KEYS)


def test_one_writer_claims_each_epoch_and_creates_each_entry(together, adapter, start, name):
    run_id, model = start(), name("m")
    adapter.registry.ensure_model(model)
    for n in range(3):
        assert together(lambda one, _, n=n: one.runs.claim_epoch(run_id, n)).count(True) == 1
        won = together(lambda one, writer, n=n: one.registry.append_entry(model, n, b'{"n":%d,"w":%d}' % (n, writer)))
        assert won.count(True) == 1
        assert list(adapter.registry.entries(model))[n] == b'{"n":%d,"w":%d}' % (n, won.index(True))


def test_a_run_opened_in_two_experiments_at_once_is_in_one(together, adapter, name):
    header = new_run_id()

    def create(one, writer):
        experiment = name(f"e{writer}")
        one.experiments.ensure(experiment)
        return one.runs.create(RunHeader(header, experiment, 5)).native_id

    (native,) = set(together(create))
    assert adapter.runs.get([header])[header].native_id == native


def test_one_token_is_one_version_and_no_number_is_given_twice(together, adapter, name):
    model = name("m")
    adapter.registry.ensure_model(model)
    same = together(lambda one, _: one.registry.create_version(model, VersionSpec("same", None, "m", None, 5)))
    assert len(set(same)) == 1
    own = together(
        lambda one, writer: one.registry.create_version(model, VersionSpec(f"t{writer}", None, "m", None, 5))
    )
    assert len(set(own)) == WRITERS
    assert sorted(version.number for version in adapter.registry.versions(model)) == sorted({*same, *own})


def test_first_series_at_once_make_one_tensorboard(fresh):
    adapters = [open_backend(fresh.url()).adapter for _ in range(WRITERS)]
    adapters[0].experiments.ensure("e123")
    runs = [new_run_id() for _ in adapters]
    for run_id in runs:
        adapters[0].runs.create(RunHeader(run_id, "e123", 5))

    def write(pair):
        pair[0].metrics.write(pair[1], [MetricPoint("m", 0, 0, 1.0), MetricPoint("n", 0, 0, 2.0)])

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, zip(adapters, runs, strict=True)))
    for adapter, run_id in zip(adapters, reversed(runs), strict=True):
        assert [point.value for point in adapter.metrics.read(run_id)] == [1.0, 2.0]
    calls = fresh.remote.calls()
    made = calls["TensorboardService.CreateTensorboard"] - calls.get("TensorboardService.DeleteTensorboard", 0)
    assert made == 1
    for adapter in adapters:
        adapter.close()
