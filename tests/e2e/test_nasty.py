"""One script with nasty values is equal on every embedded backend, and raw SQL shows what it logged."""

import importlib.util
import json
import math
import sqlite3
import struct
from pathlib import Path

import pytest

import trackbridge as tb


@pytest.fixture(scope="module")
def nasty():
    spec = importlib.util.spec_from_file_location("nasty_script", Path(__file__).with_name("nasty.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def played(nasty, tmp_path, monkeypatch):
    """The script played on memory and on local: (store, ids) of each."""
    monkeypatch.setenv("TRACKBRIDGE_CAPTURE", "false")
    outcome = {}
    for name, url in (("memory", "memory://nasty"), ("local", f"local://{tmp_path / 'store'}")):
        monkeypatch.setenv("TRACKBRIDGE_BACKEND", url)
        outcome[name] = (tb.connect(url), nasty.main(tmp_path / "data.csv"))
    yield outcome
    for store, _ in outcome.values():
        store.close()


def same(left, right) -> bool:
    """Equal with types, NaN equal to NaN, and −0.0 told from 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return (math.isnan(left) and math.isnan(right)) or struct.pack(">d", left) == struct.pack(">d", right)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right


def test_the_content_digest_is_one(played) -> None:
    digests = {
        name: [store.runs.digest(run_id, content=True) for run_id in ids] for name, (store, ids) in played.items()
    }
    assert digests["memory"] == digests["local"]


@pytest.mark.parametrize("name", ["memory", "local"])
def test_everything_comes_back(name, played, nasty) -> None:
    store, (run_id, child_id) = played[name]
    run = store.runs.get(run_id)
    flat = {key: value for key, value in nasty.PARAMS.items() if key != "nested"}
    assert same(dict(run.params), {**flat, "nested.a.b": 1, "nested.empty": {}})
    expected = {"team": "рисќ", "long": nasty.LONG, "%41": "", "<tag>": "a\nb\t\x00"}
    assert {tag: text for tag, text in run.tags.items() if not tag.startswith("trackbridge.")} == expected
    assert run.name == "e\u0301 'run'"
    assert same([point.value for point in store.metrics.read(run_id, ["values"])], nasty.VALUES)
    steps = [(point.step, point.value) for point in store.metrics.read(run_id, ["steps/odd name:;"])]
    assert steps == sorted((step, float(n)) for n, step in enumerate(nasty.STEPS))
    assert [point.value for point in store.metrics.read(run_id, ["twice"])] == [0.25, 0.5]
    assert run.metrics["метрика"].count == 2_000
    assert sorted((data.name, data.context) for data in run.datasets if data.context) == [
        ("data", "training"),
        ("data", "validation"),
    ]
    for path, content in nasty.ARTIFACTS.items():
        with store.artifacts.open(run_id, path) as stream:
            assert stream.read() == content
    with store.artifacts.open(run_id, "replaced.txt") as stream:
        assert stream.read().decode() == "second – 二"
    assert store.runs.get(child_id).parent == run_id


def test_raw_sql_shows_what_was_logged(played, nasty, tmp_path) -> None:
    _, (run_id, _) = played["local"]
    with sqlite3.connect(tmp_path / "store" / "trackbridge.db") as database:
        rows = database.execute(
            "SELECT params.name, type, value FROM params JOIN runs USING (run) WHERE id = ?", (run_id,)
        ).fetchall()
        shown = {name: (kind, value) for name, kind, value in rows}
        assert shown["one"] == ("int", 1)
        assert shown["one.text"] == ("str", "1")
        assert shown["big"] == ("int", str(2**70))
        assert shown["long"] == ("str", nasty.LONG)
        assert json.loads(shown["list"][1])
        points = database.execute(
            "SELECT step, CAST(value AS REAL) FROM metric_points WHERE run_id = ? AND name = 'метрика' ORDER BY step",
            (run_id,),
        ).fetchall()
        assert points == [(n, n / 7) for n in range(2_000)]
        tags = dict(
            database.execute(
                "SELECT tags.name, value FROM tags JOIN runs USING (run) WHERE id = ?", (run_id,)
            ).fetchall()
        )
        assert tags["<tag>"] == "a\nb\t\x00"
    database.close()
