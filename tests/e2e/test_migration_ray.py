"""Migrations on a Ray cluster: the same end as with threads, whichever worker, node or driver dies on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.migration_ends import Origin, bad, described, digests
from e2e.migration_world import Size, build
from trackbridge.errors import ConfigurationError, Unsupported
from trackbridge.migration import Migration, Selection, Side
from trackbridge.migration.cluster import Cluster, Turns
from trackbridge.protocol import parse_url
from trackbridge.store import connect

pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray leaves files and processes to the collector
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:ray"),
    pytest.mark.filterwarnings("ignore:.*:FutureWarning:ray"),
]
SMALL = Size(runs=6, levels=2, models=1, points=50)
LARGER = Size(runs=60, levels=3, models=2, points=20_000)
DRIVER = Path(__file__).with_name("migration_driver.py")


def source_of(folder: Path, size: Size) -> tuple[str, Origin]:
    url = f"local://{folder}/source"
    with connect(url) as store:
        return url, described(store, build(store.backend, size))


def migrate(source_url: str, target_url: str, **options: Any):
    with connect(source_url) as source, connect(target_url) as target:
        cluster = Cluster(source.backend.url, target.backend.url, verify="full", **options)
        try:
            sides = Side.of(source), Side.of(target)
            return Migration(*sides, Selection(deleted=True), verify="full", engine=cluster).run()
        finally:
            cluster.close()


def proven(target_url: str, known: Origin) -> bool:
    with connect(target_url) as target:
        ids = [run.id for run in target.runs.search()]
        assert sorted(ids) == sorted(known.world.runs[:-1])
        return digests(target, known) == (known.runs, known.models)


def test_a_cluster_of_this_machine_moves_everything(tmp_path) -> None:
    source, known = source_of(tmp_path, SMALL)
    target = f"local://{tmp_path}/target"
    result = migrate(source, target, workers=2, rate=1_000.0)
    assert bad(result) == []
    assert proven(target, known)


def test_turns_of_one_backend_are_spaced_for_all(monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr("trackbridge.migration.cluster.time.monotonic", lambda: now[0])
    turns = Turns(10.0)
    assert [round(turns.take(), 3) for _ in range(4)] == [0.0, 0.1, 0.2, 0.3]
    now[0] = 200.0
    assert turns.take() == 0.0


def test_what_lives_in_one_process_cannot_go_to_a_cluster(tmp_path) -> None:
    with pytest.raises(Unsupported, match="workers of a cluster") as raised:
        Cluster(parse_url("memory://a"), parse_url(f"local://{tmp_path}"), verify="full")
    assert raised.value.capability == "cross_process"


def test_a_cluster_that_is_not_there_is_a_matter_of_configuration(tmp_path) -> None:
    urls = parse_url(f"local://{tmp_path}/a"), parse_url(f"local://{tmp_path}/b")
    with pytest.raises(ConfigurationError, match="no Ray cluster"):
        Cluster(*urls, verify="full", address="127.0.0.1:1")


@pytest.fixture
def two_nodes(monkeypatch) -> Iterator[Any]:
    """Two nodes on this machine; this process is a driver of theirs."""
    import ray
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=2)
    nodes.wait_for_nodes()
    ray.init(address=nodes.address, namespace="trackbridge", log_to_driver=False)
    yield nodes
    ray.shutdown()
    nodes.shutdown()


def when(ready: Callable[[], bool], act: Callable[[], None]) -> threading.Thread:
    """Act once something is so."""

    def wait() -> None:
        deadline = time.monotonic() + 120
        while not ready():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def arrived(target_url: str) -> int:
    with connect(target_url) as target:
        return sum(1 for _ in target.runs.search())


def carrying() -> list[int]:
    """Give the processes that carry runs now: workers of the clusters that this test started, by their title."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if b"ray::_carry" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


@pytest.mark.full
def test_killing_workers_loses_nothing(two_nodes, tmp_path) -> None:
    source, known = source_of(tmp_path, LARGER)
    target = f"local://{tmp_path}/target"
    killed: list[int] = []

    def kill_one() -> None:
        deadline = time.monotonic() + 60
        while not killed and time.monotonic() < deadline:
            for pid in carrying()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    threads = [when(lambda few=few: arrived(target) >= few, kill_one) for few in (3,)]
    result = migrate(source, target, workers=3)
    for thread in threads:
        thread.join()
    assert killed
    assert bad(result) == []
    assert proven(target, known)


@pytest.mark.full
def test_killing_a_node_loses_nothing(two_nodes, tmp_path) -> None:
    source, known = source_of(tmp_path, LARGER)
    target = f"local://{tmp_path}/target"
    lost = two_nodes.add_node(num_cpus=2)
    two_nodes.wait_for_nodes()
    thread = when(lambda: arrived(target) >= 5, lambda: two_nodes.remove_node(lost, allow_graceful=False))
    result = migrate(source, target, workers=4)
    thread.join()
    assert bad(result) == []
    assert proven(target, known)


@pytest.mark.full
@pytest.mark.parametrize("few", [2, 15, 40])
def test_a_driver_that_is_killed_is_gone_on_with(two_nodes, tmp_path, few) -> None:
    source, known = source_of(tmp_path, LARGER)
    target = f"local://{tmp_path}/target"
    driver = subprocess.Popen([sys.executable, str(DRIVER), source, target, two_nodes.address])
    when(lambda: arrived(target) >= few, driver.kill).join()
    assert driver.wait() == -signal.SIGKILL

    result = migrate(source, target, workers=3)
    assert bad(result) == []
    assert proven(target, known)
