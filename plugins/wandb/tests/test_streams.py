"""One owner a run: two processes at once, one that dies, one that comes after, and answers that are lost (R8, M2)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from trackbridge.errors import Transient
from trackbridge.protocol import open_backend
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunWrites, Stamp, StatusWrite, TagWrite

pytestmark = pytest.mark.server

WRITER = """
import os, signal, sys
from trackbridge.protocol import open_backend
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunWrites

url, run_id, first, count, end = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
adapter = open_backend(url).adapter
adapter.metrics.write(run_id, [MetricPoint("loss", step, 1_000 + step, step / 4) for step in range(first, first + count)])
adapter.runs.write(run_id, RunWrites(params={f"from-{first}": first}))
print("written", flush=True)
if end == "wait":
    sys.stdin.read()
if end == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
adapter.close()
"""


def points(first: int, count: int) -> list[MetricPoint]:
    return [MetricPoint("loss", step, 1_000 + step, step / 4) for step in range(first, first + count)]


def writer(url: str, run_id: str, first: int, count: int, end: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, url, run_id, str(first), str(count), end]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    return process


def names(adapter, run_id):
    """Give the names of W&B's runs of an id."""
    return [native["name"] for native in adapter.runs._finder.find(run_id)]


def test_a_second_process_writes_to_a_run_of_its_own_and_readers_see_one(url, backend, start):
    run_id = start()
    adapter = backend.adapter
    adapter.metrics.write(run_id, points(0, 10))
    other = writer(url, run_id, 10, 10, "close")
    other.communicate()
    adapter.metrics.write(run_id, points(20, 10))
    assert names(adapter, run_id) == [run_id, f"{run_id}-1"]
    assert list(adapter.metrics.read(run_id)) == points(0, 30)
    (native,) = adapter.runs.get([run_id]).values()
    assert native.params == {"from-10": 10}
    assert native.metrics["loss"].last_step == 29
    assert [one.id for one in adapter.runs.scan(scan_of(native))] == [run_id]


def scan_of(native):
    from trackbridge.protocol import Scan

    return Scan(experiments=(native.experiment,))


def test_who_is_through_lets_go_and_the_next_goes_on_in_the_same_run(url, backend, start):
    run_id = start()
    ended = StatusWrite(0, "FINISHED", 2_000, Stamp(1, "a", 1))
    backend.adapter.metrics.write(run_id, points(0, 10))
    backend.adapter.runs.write(run_id, RunWrites(status=ended))
    writer(url, run_id, 10, 10, "close").communicate()
    writer(url, run_id, 20, 10, "close").communicate()
    assert names(backend.adapter, run_id) == [run_id]
    assert list(backend.adapter.metrics.read(run_id)) == points(0, 30)


def test_a_killed_owner_is_succeeded_on_its_machine(url, backend, start):
    run_id = start()
    ended = StatusWrite(0, "FINISHED", 2_000, Stamp(1, "a", 1))
    backend.adapter.runs.write(run_id, RunWrites(status=ended))
    killed = writer(url, run_id, 0, 10, "kill")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    writer(url, run_id, 10, 10, "close").communicate()
    assert names(backend.adapter, run_id) == [run_id]
    assert list(backend.adapter.metrics.read(run_id)) == points(0, 20)


def test_a_dead_owners_late_request_takes_nothing_away(url, service, backend, start):
    """It is carried out after its successor has written lines of the same numbers."""
    run_id = start()
    adapter = backend.adapter
    adapter.runs.write(run_id, RunWrites(status=StatusWrite(0, "FINISHED", 2_000, Stamp(1, "a", 1))))
    writer(url, run_id, 0, 10, "kill").communicate()
    adapter.metrics.write(run_id, points(10, 10))
    late = [json.dumps({"_step": 10 + n, "_timestamp": 1.0, "loss": -1.0}) for n in range(5)]
    (native,) = adapter.runs._finder.find(run_id)
    files = {"wandb-history.jsonl": {"offset": 10, "content": late}}
    adapter.runs._client.wire.stream(native["project_name"], run_id, {"files": files})
    adapter.runs.write(run_id, RunWrites(status=StatusWrite(1, "FINISHED", 3_000, Stamp(2, "a", 2))))
    assert list(adapter.metrics.read(run_id)) == points(0, 20)


@pytest.mark.parametrize(
    ("rule", "cut"),
    [
        ("replace", "after"),
        ("keep", "halfway"),
        ("append", "after"),
        *(pytest.param(rule, "before", marks=pytest.mark.full) for rule in ("replace", "keep", "append")),
    ],
)
def test_a_lost_answer_loses_and_doubles_nothing(service, backend, start, rule, cut):
    service.switch(same_offset=rule)
    run_id = start()
    adapter = backend.adapter
    adapter.metrics.write(run_id, points(0, 10))
    service.fault("file_stream", cut=cut)
    with pytest.raises(Transient):
        adapter.metrics.write(run_id, points(10, 10))
    adapter.metrics.write(run_id, points(10, 4))  # the next try need not be cut alike
    adapter.metrics.write(run_id, points(14, 16))
    assert list(adapter.metrics.read(run_id)) == points(0, 30)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [({"status": 503}, Transient), ({"status": 429, "retry_after_s": 7}, Transient), ({"status": 409}, Transient)],
)
def test_faults_that_pass_are_told_apart(service, backend, start, fault, kind):
    run_id = start()
    service.fault("file_stream", **fault)
    with pytest.raises(kind) as caught:
        backend.adapter.metrics.write(run_id, points(0, 3))
    assert caught.value.retry_after_s == fault.get("retry_after_s")
    backend.adapter.metrics.write(run_id, points(0, 3))
    assert list(backend.adapter.metrics.read(run_id)) == points(0, 3)


def test_a_colleagues_change_stays_while_the_run_goes_on(service, backend, start):
    run_id = start()
    adapter = backend.adapter
    tag = TagWrite("ours", "1", Stamp(1, "a", 1))
    adapter.runs.write(run_id, RunWrites(params={"a": 1}, tags=(tag,)))
    (native,) = adapter.runs._finder.find(run_id)
    config = json.loads(native["config"])
    config["theirs"] = {"value": "by hand"}
    adapter.runs._client.upsert(native["project_name"], run_id, config=json.dumps(config), tags=["reviewed"])
    adapter.runs.write(run_id, RunWrites(params={"b": 2}))
    (read,) = adapter.runs.get([run_id]).values()
    assert read.params == {"a": 1, "b": 2, "theirs": "by hand"}
    assert read.tags == {"ours": "1", "reviewed": ""}


def test_forked_children_own_nothing_of_their_parents(url, backend, start):
    run_id = start()
    backend.adapter.metrics.write(run_id, points(0, 10))
    child = os.fork()
    if not child:
        try:
            adapter = open_backend(url).adapter
            adapter.metrics.write(run_id, points(10, 10))
            adapter.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    backend.adapter.metrics.write(run_id, points(20, 10))
    assert list(backend.adapter.metrics.read(run_id)) == points(0, 30)
