"""The file of a local store: made lazily, upgraded in place, and told apart from what is none."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from trackbridge.adapters.local import connections, database
from trackbridge.adapters.local.schema import APPLICATION_ID, MIGRATIONS
from trackbridge.errors import ConfigurationError, IntegrityError, Transient
from trackbridge.protocol import Limits, Scan, open_backend
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunWrites

READS = [
    lambda a: list(a.experiments.list()),
    lambda a: a.runs.get(["0" * 32]),
    lambda a: list(a.runs.scan(Scan())),
    lambda a: list(a.registry.list_models()),
]
CALLS = [*READS, lambda a: a.check(), lambda a: a.experiments.ensure("e")]


def sql(root, statement, *values):
    with closing(sqlite3.connect(root / "trackbridge.db")) as raw, raw:
        return raw.execute(statement, values).fetchall()


@pytest.mark.parametrize("read", READS)
def test_reading_what_is_not_there_finds_nothing_and_makes_nothing(local, local_root, read):
    assert not read(local)
    assert not local_root.exists()


def test_a_check_makes_the_store(local, local_root):
    facts = dict(local.check().facts)
    assert facts["database"] == str(local_root / "trackbridge.db")
    assert (facts["schema"], facts["runs"]) == (str(len(MIGRATIONS)), "0")
    assert sql(local_root, "PRAGMA journal_mode") == [("wal",)]
    assert sql(local_root, "PRAGMA application_id") == [(APPLICATION_ID,)]


def test_a_store_that_comes_to_be_elsewhere_is_seen(local, local_root, opened, start):
    assert list(local.runs.scan(Scan())) == []
    run_id = start(opened(f"local://{local_root}"))
    assert [run.id for run in local.runs.scan(Scan())] == [run_id]


@pytest.mark.parametrize("folder", ["a b", "q?mode=ro", "#1", "%41", "ünï/文件", "it's"])
def test_any_directory_will_do(tmp_path, opened, start, folder):
    adapter = opened(f"local://{tmp_path}/{folder}")
    run_id = start(adapter)
    assert sql(tmp_path / folder, "SELECT id FROM runs") == [(run_id,)]


def test_a_store_that_was_removed_is_made_anew(local, local_root, start):
    start(local)
    shutil.rmtree(local_root)
    assert list(local.runs.scan(Scan())) == []
    run_id = start(local)
    assert sql(local_root, "SELECT id FROM runs") == [(run_id,)]


def test_it_declares_that_scans_are_ordered(tmp_path):
    assert open_backend(f"local://{tmp_path}/x").limits == Limits(ordered_scan=True)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("content", [b"this is no database, but long enough to be read as one" * 99, b"\x00" * 5_000])
def test_a_file_that_is_no_database_is_left_alone(local, local_root, call, content):
    local_root.mkdir()
    (local_root / "trackbridge.db").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"trackbridge\.db.*Restore it"):
        call(local)
    assert (local_root / "trackbridge.db").read_bytes() == content


def test_a_database_that_was_damaged_says_so(local, local_root, start):
    run_id = start(local)
    local.runs.write(run_id, RunWrites({f"p{n}": "x" * 500 for n in range(500)}))
    local.close()
    path = local_root / "trackbridge.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(IntegrityError, match=r"trackbridge\.db"):
        local.runs.get([run_id])


@pytest.mark.parametrize("call", CALLS)
def test_a_newer_database_names_its_version_and_the_remedy(local, local_root, call):
    local.check()
    local.close()
    sql(local_root, "PRAGMA user_version = 99")
    with pytest.raises(ConfigurationError, match=r"version 99.*Upgrade trackbridge"):
        call(local)
    assert sql(local_root, "PRAGMA user_version") == [(99,)]


@pytest.mark.parametrize("call", CALLS)
def test_a_database_of_another_application_is_left_alone(local, local_root, call):
    local_root.mkdir()
    sql(local_root, "CREATE TABLE theirs (x)")
    with pytest.raises(ConfigurationError, match="another application"):
        call(local)
    assert sql(local_root, "SELECT name FROM sqlite_master") == [("theirs",)]


def test_an_empty_file_becomes_a_store(local, local_root, start):
    local_root.mkdir()
    (local_root / "trackbridge.db").touch()
    assert list(local.runs.scan(Scan())) == []
    assert start(local) in {run.id for run in local.runs.scan(Scan())}


def test_a_directory_that_cannot_be_is_named(tmp_path, opened):
    (tmp_path / "file").write_text("in the way")
    adapter = opened(f"local://{tmp_path}/file/store")
    for call in (adapter.check, lambda: adapter.experiments.ensure("e")):
        with pytest.raises(ConfigurationError, match=f"{tmp_path}/file.*may write to"):
            call()
    assert list(adapter.experiments.list()) == []


def test_a_database_that_cannot_be_opened_is_named(local, local_root):
    (local_root / "trackbridge.db").mkdir(parents=True)
    for call in CALLS:
        with pytest.raises(ConfigurationError, match=r"store/trackbridge\.db cannot be opened"):
            call(local)


def test_an_older_store_is_upgraded_with_all_it_has(local, local_root, start, opened, monkeypatch):
    run_id = start(local)
    local.runs.write(run_id, RunWrites({"lr": 0.1}))
    local.close()
    newer = (*MIGRATIONS, ("ALTER TABLE runs ADD COLUMN mood TEXT DEFAULT 'fine'",), ("CREATE TABLE more (x)",))
    monkeypatch.setattr(database, "MIGRATIONS", newer)

    assert local.runs.get([run_id])[run_id].params == {"lr": 0.1}
    assert sql(local_root, "SELECT id, mood FROM runs") == [(run_id, "fine")]
    assert sql(local_root, "PRAGMA user_version") == [(len(newer),)]
    assert opened(f"local://{local_root}").runs.get([run_id])


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(local, local_root, start, monkeypatch):
    run_id = start(local)
    local.close()
    before = sql(local_root, "SELECT * FROM sqlite_master")
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE more (x)", "UPDATE absent SET x = 1")))
    with pytest.raises(IntegrityError, match="no such table: absent"):
        local.check()
    monkeypatch.undo()
    assert sql(local_root, "SELECT * FROM sqlite_master") == before
    assert run_id in local.runs.get([run_id])


def test_a_writer_that_hangs_is_waited_for_and_then_reported(local, local_root, start, monkeypatch):
    run_id = start(local)
    local.close()
    monkeypatch.setattr(connections, "BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(local_root / "trackbridge.db", isolation_level=None)) as hanging:
        hanging.execute("BEGIN IMMEDIATE")
        with pytest.raises(Transient, match="held by another writer"):
            local.runs.write(run_id, RunWrites({"a": 1}))
        assert local.runs.get([run_id])[run_id].params == {}
    local.runs.write(run_id, RunWrites({"a": 1}))
    assert local.runs.get([run_id])[run_id].params == {"a": 1}


def test_raw_sql_shows_what_was_logged(local, local_root, start):
    run_id = start(local, name="mine")
    local.runs.write(run_id, RunWrites({"lr": 0.1, "big": 2**70, "layers": [3, 1.0, None], "on": True, "z": -0.0}))
    values = (float("-inf"), -1.0, 0.0, 1.0, float("inf"), float("nan"), -0.0)
    local.metrics.write(run_id, [MetricPoint("loss", step, 5, value) for step, value in enumerate(values)])

    assert sql(local_root, "SELECT name, type, value FROM params ORDER BY name") == [
        ("big", "int", "1180591620717411303424"),
        ("layers", "list", "[3, 1.0, null]"),
        ("lr", "float", 0.1),
        ("on", "bool", 1),
        ("z", "float", "-0.0"),
    ]
    rows = sql(local_root, "SELECT run_id, name, step, timestamp_ms, value FROM metric_points ORDER BY step")
    assert rows == [
        (run_id, "loss", step, 5, value)
        for step, value in enumerate([float("-inf"), -1.0, 0.0, 1.0, float("inf"), "NaN", "-0.0"])
    ]
    assert sql(local_root, "SELECT avg(value) FROM metric_points WHERE step IN (1, 3)") == [(0.0,)]
