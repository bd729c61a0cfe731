"""Artifacts and objects on every way to them."""

from __future__ import annotations

import io
import random

import pytest

from trackbridge.errors import NotFound
from trackbridge.protocol import Scope

NAMES = [
    "a.txt", "model/MLmodel", "model/data/x.bin", "空/日本.txt", " lead", "trail ", "a b", "~x", "100pct", "semi;x",
    "q?x", "plus+x", "amp&x", "C:/x", "back\\sl", "quote'\"", "[x]{y}", "star*", "a..b", ".hidden", "e\u0301/nfd",
    "x" * 250, "é" * 62, "/".join(["deep"] * 40), "colon:x", "at@x", "dollar$", "a=b,c", "pipe|x", "<y>",
]  # fmt: skip


def put(adapter, run_id, path, content):
    adapter.artifacts.put(run_id, path, io.BytesIO(content), size=len(content), sha256="")


def read(adapter, run_id, path):
    with adapter.artifacts.open(run_id, path) as stream:
        return stream.read()


def test_every_name_that_the_limits_admit(backend, start):
    adapter, run_id = backend.adapter, start()
    for name in NAMES:
        assert backend.limits.artifact_path.admits(name), name
        put(adapter, run_id, name, name.encode())
    assert [(a.path, a.size) for a in adapter.artifacts.list(run_id)] == [(n, len(n.encode())) for n in sorted(NAMES)]
    for name in NAMES:
        assert read(adapter, run_id, name) == name.encode(), name


@pytest.mark.parametrize("name", ["100%", "a%41b", "hash#x", ".trackbridge/x", "x" * 251, "é" * 63])
def test_names_that_the_limits_leave_out(backend, name):
    assert not backend.limits.artifact_path.admits(name)


def test_listing_below_a_path(adapter, start):
    run_id = start()
    for path in ("m/a", "m/b/c", "mm", "m.txt"):
        put(adapter, run_id, path, b"x")
    listed = {
        prefix: [a.path for a in adapter.artifacts.list(run_id, prefix)] for prefix in ("m", "m/b", "mm", "m/a", "x")
    }
    assert listed == {"m": ["m/a", "m/b/c"], "m/b": ["m/b/c"], "mm": ["mm"], "m/a": ["m/a"], "x": []}


def test_empty_large_and_replaced(adapter, start):
    run_id = start()
    large = random.Random(1).randbytes(9_000_001)
    for content in (b"", large, b"small", b""):
        put(adapter, run_id, "x", content)
        assert read(adapter, run_id, "x") == content
        assert [(a.path, a.size) for a in adapter.artifacts.list(run_id)] == [("x", len(content))]


def test_a_stream_is_read_piece_by_piece(adapter, start):
    run_id = start()
    put(adapter, run_id, "x", b"abcdef" * 100_000)
    with adapter.artifacts.open(run_id, "x") as stream:
        assert stream.read(7) == b"abcdefa"
        assert stream.readable()
        assert len(stream.read()) == 600_000 - 7


def test_absent(adapter, start):
    run_id = start()
    for path in ("x", "x/y"):
        with pytest.raises(NotFound):
            adapter.artifacts.open(run_id, path)
    assert list(adapter.artifacts.list(run_id)) == []


@pytest.mark.parametrize("kind", ["run", "model"])
def test_objects_of_any_size_are_hidden_and_come_back(adapter, start, name, kind):
    if kind == "run":
        key = start()
    else:
        adapter.registry.ensure_model(key := name("model: a/b"))
    scope = Scope(kind, key)
    objects = {
        "sidecar/w-1-ab": b"",
        "sidecar/w-2-cd": b"\x00\xff" * 10,
        "environment/pip.txt": random.Random(2).randbytes(30_000),
    }
    for _ in range(2):
        for object_name, data in objects.items():
            adapter.objects.put(scope, object_name, data)
    assert [(o.name, o.size) for o in adapter.objects.list(scope)] == [(n, len(objects[n])) for n in sorted(objects)]
    assert [o.name for o in adapter.objects.list(scope, "sidecar/")] == ["sidecar/w-1-ab", "sidecar/w-2-cd"]
    for object_name, data in objects.items():
        assert adapter.objects.get(scope, object_name) == data
    with pytest.raises(NotFound):
        adapter.objects.get(scope, "sidecar/absent")
    if kind == "run":  # what is no sidecar would be in the way of everybody who searches here
        adapter.runs.set_deleted(key, deleted=True)
    if kind == "run":
        run = adapter.runs.get([key])[key]
        assert (dict(run.sidecar), run.tags) == ({n: d for n, d in objects.items() if n.startswith("sidecar/")}, {})
        assert list(adapter.artifacts.list(key)) == []


def test_a_large_object_of_a_run_lies_among_hidden_artifacts(adapter, start):
    run_id = start()
    data = random.Random(3).randbytes(100_000)
    adapter.objects.put(Scope("run", run_id), "sidecar/w-1-ef", data)
    assert adapter.runs.get([run_id])[run_id].sidecar == {"sidecar/w-1-ef": None}
    assert adapter.objects.get(Scope("run", run_id), "sidecar/w-1-ef") == data
    assert list(adapter.artifacts.list(run_id)) == []
