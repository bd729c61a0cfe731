from __future__ import annotations

import hashlib
import io

import pytest

from trackbridge.errors import Conflict, IntegrityError, NotFound
from trackbridge.protocol import ObjectInfo, Scope
from trackbridge.records.artifacts import ArtifactRecord

PATHS = [
    "a",
    "b/c",
    "b/d/e",
    "b0",
    "b.txt",
    "ünïcødé/文件 名.bin",
    "%41",
    "'; DROP TABLE runs --",
    "<b>",
    " x",
    "..x/.y",
]


def put(adapter, run_id, path, data):
    adapter.artifacts.put(run_id, path, io.BytesIO(data), size=len(data), sha256=hashlib.sha256(data).hexdigest())


def get(adapter, run_id, path):
    with adapter.artifacts.open(run_id, path) as file:
        return file.read()


def paths(adapter, run_id, prefix=""):
    return [artifact.path for artifact in adapter.artifacts.list(run_id, prefix)]


@pytest.mark.parametrize("data", [b"", b"\x00", bytes(range(256)) * 9_000])
def test_content_comes_back_with_size_and_hash(adapter, run_id, data):
    put(adapter, run_id, "x/y.bin", data)
    assert get(adapter, run_id, "x/y.bin") == data
    assert list(adapter.artifacts.list(run_id)) == [
        ArtifactRecord("x/y.bin", len(data), hashlib.sha256(data).hexdigest())
    ]


def test_any_path_is_a_path(adapter, run_id):
    for path in PATHS:
        put(adapter, run_id, path, path.encode())
    assert paths(adapter, run_id) == sorted(PATHS)
    assert all(get(adapter, run_id, path) == path.encode() for path in PATHS)


def test_a_prefix_is_a_whole_path_or_folder(adapter, run_id):
    for path in PATHS:
        put(adapter, run_id, path, b"")
    assert paths(adapter, run_id, "b") == ["b/c", "b/d/e"]
    assert paths(adapter, run_id, "b/d") == ["b/d/e"]
    assert paths(adapter, run_id, "b/c") == ["b/c"]
    assert paths(adapter, run_id, "a") == ["a"]
    assert paths(adapter, run_id, "b/") == []
    assert paths(adapter, run_id, "z") == []


def test_the_same_path_replaces(adapter, run_id, start):
    other = start(adapter)
    put(adapter, run_id, "x", b"one")
    put(adapter, other, "x", b"one")
    put(adapter, run_id, "x", b"two")
    put(adapter, run_id, "x", b"two")
    assert (get(adapter, run_id, "x"), get(adapter, other, "x")) == (b"two", b"one")
    assert len(paths(adapter, run_id)) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [("a", "a/b"), ("a/b", "a"), ("a/b/c/d", "a/b"), ("a/b", "a/b/c/d"), ("a/\U0001f600", "a"), ("a/ ", "a")],
)
def test_a_path_is_not_a_file_and_a_folder(adapter, run_id, first, second):
    put(adapter, run_id, first, b"x")
    with pytest.raises(Conflict, match=first):
        put(adapter, run_id, second, b"y")
    assert paths(adapter, run_id) == [first]
    put(adapter, run_id, "a.b", b"z")
    put(adapter, run_id, "a-b/c", b"z")


@pytest.mark.parametrize(("size", "data"), [(3, b"four"), (4, b"4our"), (4, b"")])
def test_content_other_than_announced_is_refused(adapter, run_id, size, data):
    sha256 = hashlib.sha256(b"four").hexdigest()
    put(adapter, run_id, "x", b"before")
    with pytest.raises(IntegrityError, match="nothing was stored"):
        adapter.artifacts.put(run_id, "x", io.BytesIO(data), size=size, sha256=sha256)
    assert get(adapter, run_id, "x") == b"before"


def test_what_is_not_there_is_not_found(adapter, run_id):
    put(adapter, run_id, "a/b", b"")
    for path in ("a", "a/b/c", "A/b", ""):
        with pytest.raises(NotFound):
            adapter.artifacts.open(run_id, path)
    with pytest.raises(NotFound):
        put(adapter, "0" * 32, "x", b"")


def test_purging_one_run_spares_what_another_shares(adapter, run_id, start):
    other = start(adapter)
    put(adapter, run_id, "x", b"shared")
    put(adapter, run_id, "y", b"own")
    put(adapter, other, "z", b"shared")
    adapter.runs.purge(run_id)
    assert get(adapter, other, "z") == b"shared"
    put(adapter, other, "y", b"own")
    assert get(adapter, other, "y") == b"own"


@pytest.mark.parametrize("kind", ["run", "model"])
def test_objects_are_kept_beside_and_hidden(adapter, run_id, kind):
    scope = Scope(kind, run_id)
    for _ in range(2):
        adapter.objects.put(scope, "sidecar/b-1", b"\x00\x01")
        adapter.objects.put(scope, "environment/pip.txt", b"")
    assert list(adapter.objects.list(scope)) == [ObjectInfo("environment/pip.txt", 0), ObjectInfo("sidecar/b-1", 2)]
    assert list(adapter.objects.list(scope, "side")) == [ObjectInfo("sidecar/b-1", 2)]
    assert adapter.objects.get(scope, "sidecar/b-1") == b"\x00\x01"
    assert paths(adapter, run_id) == []

    elsewhere = Scope("model" if kind == "run" else "run", run_id)
    assert list(adapter.objects.list(elsewhere)) == []
    with pytest.raises(NotFound, match="sidecar/b-1"):
        adapter.objects.get(elsewhere, "sidecar/b-1")
