"""Several processes on one local store, threads of one process, forks, and processes that are killed (R8)."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from trackbridge.records.metrics import MetricPoint
from trackbridge.records.values import same_value
from trackbridge.records.writes import RunHeader, RunWrites

RUN = "c" * 32

# Each begins when its standard input ends, so that all begin at once; the number is its own.
WRITER = """
import hashlib, io, sys
from trackbridge.protocol import Scope, VersionSpec, open_backend
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, TagWrite

url, number = sys.argv[1], int(sys.argv[2])
adapter = open_backend(url).adapter
print("ready", flush=True)
sys.stdin.read()

adapter.experiments.ensure("e")
created = adapter.runs.create(RunHeader("c" * 32, "e", 5)).created
claimed = adapter.runs.claim_epoch("c" * 32, 1)
won = not adapter.runs.write("c" * 32, RunWrites({"winner": number}))
adapter.registry.ensure_model("m")
given = adapter.registry.create_version("m", VersionSpec(str(number), None, "model", None, 0))
appended = adapter.registry.append_entry("m", 0, b"%d" % number)
for step in range(30):
    adapter.metrics.write("c" * 32, [MetricPoint("shared", step, 0, 1.0), MetricPoint("mine", step, number, number / 3)])
    adapter.runs.write("c" * 32, RunWrites(tags=(TagWrite("t", str(step), Stamp(step, str(number), 0)),)))
data = b"the same everywhere"
adapter.artifacts.put("c" * 32, f"{number}.txt", io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())
adapter.objects.put(Scope("run", "c" * 32), f"sidecar/{number}", data)
adapter.close()
print(int(created), int(claimed), int(won), given, int(appended))
"""


def test_processes_that_begin_at_once(local, local_root):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, f"local://{local_root}", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(5)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.close()
    answers = [[int(word) for word in process.stdout.read().split()] for process in processes]
    for process in processes:
        process.stdout.close()
        assert process.wait() == 0
    created, claimed, won, given, appended = zip(*answers, strict=True)

    assert (sum(created), sum(claimed), sum(won), sum(appended)) == (1, 1, 1, 1)
    assert sorted(given) == [1, 2, 3, 4, 5]
    run = local.runs.get([RUN])[RUN]
    assert [one.name for one in local.experiments.list()] == ["e"]
    assert run.params == {"winner": won.index(1)}
    assert list(local.registry.entries("m")) == [b"%d" % appended.index(1)]
    assert (run.metrics["shared"].count, run.metrics["mine"].count) == (30, 150)
    assert len(list(local.metrics.read(RUN))) == 180
    assert dict(run.tags) == {"t": "29"}
    assert [artifact.path for artifact in local.artifacts.list(RUN)] == [f"{number}.txt" for number in range(5)]
    assert set(run.sidecar) == {f"sidecar/{number}" for number in range(5)}


@pytest.mark.parametrize("attempt", range(12))
def test_a_store_is_made_once_while_others_look_at_it(local_root, opened, attempt):
    """Half of them make it, half of them read what may be empty, in the making, or there."""
    adapters = [opened(f"local://{local_root}") for _ in range(8)]
    start = Barrier(len(adapters))

    def work(number):
        start.wait()
        for _ in range(5):
            if number % 2:
                adapters[number].experiments.ensure("e")
            else:
                assert len(list(adapters[number].experiments.list())) <= 1

    with ThreadPoolExecutor(len(adapters)) as pool:
        list(pool.map(work, range(len(adapters))))
    assert [one.name for one in adapters[0].experiments.list()] == ["e"]


def test_threads_share_an_adapter(local, start):
    run_id = start(local)

    def work(number):
        for step in range(40):
            local.metrics.write(run_id, [MetricPoint("m", step, number, 1.0), MetricPoint("all", step, 0, 1.0)])
            assert local.runs.get([run_id])[run_id].metrics["m"].count > step
        return local.runs.write(run_id, RunWrites({"p": number, f"p{number}": number}))

    with ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(work, range(8)))
    run = local.runs.get([run_id])[run_id]
    assert sorted(len(one) for one in refused) == [0, *[1] * 7]
    assert run.params == {"p": refused.index(()), **{f"p{number}": number for number in range(8)}}
    assert (run.metrics["m"].count, run.metrics["all"].count) == (320, 40)


def test_a_forked_process_opens_its_own_connections(local, local_root, start):
    """The parent reads and writes on while the child does; the child comes first, in the middle of a walk."""
    run_id = start(local)
    local.metrics.write(run_id, [MetricPoint("m", step, 0, 0.0) for step in range(10)])
    walk = local.metrics.read(run_id)
    next(walk)
    local.runs.get([run_id])
    pool = local._database._connections
    inherited = {*pool._idle, *pool._lent}
    child = os.fork()
    if child == 0:
        try:
            if inherited & {*pool._idle, *pool._lent}:
                os._exit(3)
            local.metrics.write(run_id, [MetricPoint("child", step, 0, 0.0) for step in range(10)])
            os._exit(0 if len(list(local.metrics.read(run_id, ["m", "child"]))) == 20 else 1)
        finally:
            os._exit(2)
    local.metrics.write(run_id, [MetricPoint("parent", step, 0, 0.0) for step in range(10)])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    assert len(inherited) == 2
    assert len(list(walk)) == 9
    local.metrics.write(run_id, [MetricPoint("after", 0, 0, 0.0)])
    assert len(list(local.metrics.read(run_id))) == 31
    assert integrity(local_root) == "ok"


VICTIM = """
import hashlib, io, sys
from trackbridge.protocol import open_backend
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunWrites

adapter, run_id, begin = open_backend(sys.argv[1]).adapter, sys.argv[2], int(sys.argv[3])
for batch in range(begin, begin + 10_000):
    adapter.metrics.write(run_id, [MetricPoint("m", batch, n, 0.5) for n in range(1_000)])
    adapter.runs.write(run_id, RunWrites({f"{batch}.{n}": n for n in range(10)}))
    data = bytes([batch % 256]) * 300_000
    adapter.artifacts.put(run_id, f"{batch}", io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())
    print(batch, flush=True)
"""


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_writer_leaves_whole_batches(local, local_root, start, seed):
    run_id, last = start(local), -1
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", VICTIM, f"local://{local_root}", run_id, str(last + 1)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            for _ in range(random.Random(seed).randint(1, 4)):
                last = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            last = max([last, *map(int, process.stdout.read().split())])

        run = local.runs.get([run_id])[run_id]
        steps = [point.step for point in local.metrics.read(run_id)]
        batches = len(steps) // 1_000
        assert steps == [step for step in range(batches) for _ in range(1_000)]
        assert run.metrics["m"].count == len(steps)
        assert last + 1 <= batches <= last + 2
        assert len(run.params) in {(last + 1) * 10, (last + 2) * 10}
        for artifact in local.artifacts.list(run_id):
            with local.artifacts.open(run_id, artifact.path) as file:
                assert file.read() == bytes([int(artifact.path) % 256]) * 300_000
        assert len(list(local.artifacts.list(run_id))) in {last + 1, last + 2}
        assert integrity(local_root) == "ok"


def integrity(root):
    with closing(sqlite3.connect(root / "trackbridge.db")) as raw:
        return raw.execute("PRAGMA integrity_check").fetchone()[0]


def test_params_of_two_adapters_are_written_once(local, local_root, opened, start):
    run_id, other = start(local), opened(f"local://{local_root}")
    assert local.runs.write(run_id, RunWrites({"p": 1})) == ()
    (refused,) = other.runs.write(run_id, RunWrites({"p": True}))
    assert refused.name == "p"
    assert same_value(other.runs.get([run_id])[run_id].params["p"], 1)
    assert not other.runs.create(RunHeader(run_id, "e", 1)).created
