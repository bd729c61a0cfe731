"""The files of a local store: whole or not there, and gone when nobody has them any more."""

from __future__ import annotations

import errno
import gc
import hashlib
import io
import os
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trackbridge.errors import ConfigurationError, IntegrityError, NotFound, Transient
from trackbridge.records.metrics import MetricPoint


def put(adapter, run_id, path, data):
    adapter.artifacts.put(run_id, path, io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())


def get(adapter, run_id, path):
    with adapter.artifacts.open(run_id, path) as file:
        return file.read()


def files(root: Path) -> list[str]:
    return sorted(file.name for file in (root / "artifacts").rglob("*") if file.is_file())


def name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_equal_contents_lie_there_once_under_their_hash(local, local_root, start):
    run_id = start(local)
    for path in ("x", "y/z"):
        put(local, run_id, path, b"same")
    assert files(local_root) == [name(b"same")]
    assert (local_root / "artifacts" / name(b"same")[:2] / name(b"same")).read_bytes() == b"same"


def test_what_was_replaced_or_purged_is_removed(local, local_root, start):
    first, second = start(local), start(local)
    put(local, first, "x", b"one")
    put(local, second, "x", b"one")
    put(local, first, "x", b"two")
    assert files(local_root) == sorted([name(b"one"), name(b"two")])
    put(local, second, "x", b"two")
    assert files(local_root) == [name(b"two")]
    local.runs.purge(first)
    assert get(local, second, "x") == b"two"
    local.runs.purge(second)
    assert files(local_root) == []


class Failing(io.RawIOBase):
    """A source that breaks off after its first chunk."""

    def __init__(self):
        self.chunks = [b"x" * 2_000_000]

    def read(self, size=-1):
        if not self.chunks:
            raise ConnectionResetError("the source went away")
        return self.chunks.pop()


def test_a_source_that_breaks_off_leaves_nothing_and_keeps_its_error(local, local_root, start):
    run_id = start(local)
    with pytest.raises(ConnectionResetError):
        local.artifacts.put(run_id, "x", Failing(), size=4_000_000, sha256="0" * 64)
    assert files(local_root) == []
    with pytest.raises(NotFound):
        local.artifacts.open(run_id, "x")


def test_content_other_than_announced_leaves_nothing(local, local_root, start):
    run_id = start(local)
    with pytest.raises(IntegrityError):
        local.artifacts.put(run_id, "x", io.BytesIO(b"abc"), size=3, sha256="0" * 64)
    assert files(local_root) == []


def test_a_disk_that_cannot_take_it_leaves_nothing(local, local_root, start, monkeypatch):
    run_id = start(local)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Transient, match="No space left"):
        put(local, run_id, "x", b"abc")
    monkeypatch.undo()
    assert files(local_root) == []
    put(local, run_id, "x", b"abc")
    assert get(local, run_id, "x") == b"abc"


_LIMITED = """
import hashlib, io, resource, sys
from trackbridge.errors import Transient
from trackbridge.protocol import open_backend
adapter = open_backend(sys.argv[1]).adapter
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
data = bytes(8_000_000)
try:
    adapter.artifacts.put(sys.argv[2], "x", io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())
except Transient as error:
    print("Transient", error)
adapter.close()
"""


def test_a_write_that_the_system_cuts_leaves_nothing(local, local_root, start):
    run_id = start(local)
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, f"local://{local_root}", run_id], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Transient"), done.stderr
    assert files(local_root) == []
    assert list(local.artifacts.list(run_id)) == []


def test_a_folder_that_cannot_be_is_named(local, local_root, start):
    run_id = start(local)
    (local_root / "artifacts").write_text("in the way")
    with pytest.raises(ConfigurationError, match="artifacts"):
        put(local, run_id, "x", b"abc")
    assert list(local.artifacts.list(run_id)) == []


def test_content_that_is_gone_is_reported_and_not_empty(local, local_root, start):
    run_id = start(local)
    put(local, run_id, "x", b"abc")
    (local_root / "artifacts" / name(b"abc")[:2] / name(b"abc")).unlink()
    with pytest.raises(IntegrityError, match=name(b"abc")):
        local.artifacts.open(run_id, "x")
    put(local, run_id, "x", b"abc")
    assert get(local, run_id, "x") == b"abc"


def test_a_check_takes_away_what_killed_writers_left(local, local_root, start, monkeypatch):
    """One died between letting go of a content and removing it, others while a file came in."""
    run_id = start(local)
    put(local, run_id, "x", b"one")
    with monkeypatch.context() as killed:
        killed.setattr("trackbridge.adapters.local.artifacts.sweep", lambda *_: None)
        put(local, run_id, "x", b"two")
    incoming = local_root / "artifacts" / "incoming"
    (incoming / "old").write_bytes(b"half")
    os.utime(incoming / "old", (1, 1))
    (incoming / "new").write_bytes(b"half")
    assert name(b"one") in files(local_root)

    local.check()
    assert files(local_root) == sorted(["new", name(b"two")])


def test_content_that_is_wanted_again_is_not_garbage(local, local_root, start, monkeypatch):
    run_id = start(local)
    put(local, run_id, "x", b"one")
    with monkeypatch.context() as killed:
        killed.setattr("trackbridge.adapters.local.artifacts.sweep", lambda *_: None)
        put(local, run_id, "x", b"two")
        put(local, run_id, "y", b"one")
    local.check()
    assert get(local, run_id, "y") == b"one"


def test_writers_and_purgers_of_one_content_never_lose_it(local, local_root, start, opened):
    """What a writer just put is there, however many others remove the same content at the time."""
    local.check()

    def work(adapter):
        for _ in range(25):
            run_id = start(adapter)
            put(adapter, run_id, "x", b"shared")
            assert get(adapter, run_id, "x") == b"shared"
            adapter.runs.purge(run_id)

    with ThreadPoolExecutor() as pool:
        list(pool.map(work, [opened(f"local://{local_root}") for _ in range(4)]))
    assert files(local_root) == []


def test_a_long_series_streams(local, start):
    run_id = start(local)
    local.metrics.write(run_id, [MetricPoint("m", step, step, 1 / (step + 1)) for step in range(150_000)])
    gc.collect()
    tracemalloc.start()
    try:
        count = sum(1 for _ in local.metrics.read(run_id))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 150_000
    assert peak_bytes < 8_000_000  # all of them would take five times that


def test_walks_that_are_left_hold_nothing_up(local, start):
    runs = [start(local) for _ in range(3)]
    local.metrics.write(runs[0], [MetricPoint("m", step, 0, 0.0) for step in range(20)])
    walks = [local.metrics.read(runs[0]) for _ in range(8)]
    assert [next(walk).step for walk in walks] == [0] * 8
    local.metrics.write(runs[0], [MetricPoint("m", 99, 0, 0.0)])
    local.runs.purge(runs[1])
    local.close()
    assert [len(list(walk)) for walk in walks] == [19] * 8
