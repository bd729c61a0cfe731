"""Harm to the disk, the clock and the journal: training goes on, and what can be delivered is."""

import json
import shutil
import subprocess
import sys
import time

import pytest

import trackbridge as tb
from trackbridge.errors import ConfigurationError
from trackbridge.journal import find_journals

HOSTS = ["thread", "process"]

BACKWARDS = """
import time
real, since = time.time, time.time()
time.time = lambda: real() - (3600 if real() - since > 1.0 else 0)
import trackbridge as tb
with tb.start_run("faults", capture=False) as run:
    print(run.id)
    for step in range(40):
        run.log_metric("loss", 1.0, step=0)
        run.log_metric("auto", 1.0)
        time.sleep(0.05)
"""

DELETED = """
import os, shutil, sys
import trackbridge as tb
with tb.start_run("faults", capture=False) as run:
    print(run.id)
    run.log_metric("loss", 0.0, step=0)
    run.flush()
    shutil.rmtree(os.path.join(os.environ["TRACKBRIDGE_JOURNAL_DIR"], run.id))
    for step in range(1, 30_000):
        run.log_metric("loss", float(step), step=step)
"""


def play(site, code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env={**site.environment, **environment}, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_a_clock_that_is_set_back(make_site, host):
    site = make_site(host)
    done = play(site, BACKWARDS)
    assert done.returncode == 0, done.stderr
    with tb.connect(site.url) as store:
        points = list(store.metrics.read(done.stdout.strip()))
    assert [point.step for point in points if point.name == "auto"] == list(range(40))
    at_one_step = [point.timestamp_ms for point in points if point.name == "loss"]
    assert len(at_one_step) == len(set(at_one_step)) == 40, "no two of them tie, so that none is lost"


@pytest.mark.parametrize("host", HOSTS)
def test_a_journal_that_is_deleted_under_its_writer(make_site, host):
    site = make_site(host)
    begin = time.monotonic()
    done = play(site, DELETED, TRACKBRIDGE_FINISH_TIMEOUT_S="20")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begin < 30
    site.sync()
    with tb.connect(site.url) as store:
        steps = [point.step for point in store.metrics.read(done.stdout.strip())]
    assert (steps[0], steps[-1]) == (0, 29_999)
    assert steps == sorted(set(steps))


def test_a_root_that_cannot_be_used(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRACKBRIDGE_JOURNAL_DIR", str(tmp_path / "file" / "journals"))
    with pytest.raises(ConfigurationError, match=r"journal_dir .* cannot be used"):
        tb.start_run("faults", backend="memory://faults", capture=False)


def test_a_home_that_cannot_be_written_to(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").touch()
    monkeypatch.delenv("TRACKBRIDGE_JOURNAL_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with tb.start_run("faults", backend="memory://faults", capture=False) as run:
        run.log_metric("loss", 1.0)
    assert "journals are kept in" in caplog.text
    assert run.delivery[0].complete


@pytest.mark.parametrize("of", ["another host", "another root"])
def test_a_copied_journal(make_site, tmp_path, of):
    site = make_site("thread")
    (tmp_path / "report.txt").write_text("all well")
    code = (
        "import trackbridge as tb\nwith tb.start_run('faults', capture=False) as run:\n    print(run.id)\n"
        "    run.log_metric('loss', 1.0)\n    run.log_metric('loss', 2.0)\n"
        f"    run.log_artifact({str(tmp_path / 'report.txt')!r})\n"
    )
    done = play(site, code, TRACKBRIDGE_MODE="offline")
    assert done.returncode == 0, done.stderr
    run_id = done.stdout.strip()
    assert "trackbridge sync" in done.stderr, "it says how to deliver what is left"
    assert not (tmp_path / "store").exists(), "nobody was contacted"
    (tmp_path / "report.txt").unlink()
    copy = tmp_path / "carried"
    shutil.move(site.root, copy)
    if of == "another host":
        (journal,) = find_journals(copy)
        owner = json.loads((journal / "owner.json").read_text())
        (journal / "owner.json").write_text(json.dumps({**owner, "boot": "another", "host": "cluster-7", "pid": 1}))
    done = site.sync(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    with tb.connect(site.url) as store:
        assert store.runs.get(run_id).status == "FINISHED"
        assert [(point.step, point.value) for point in store.metrics.read(run_id)] == [(0, 1.0), (1, 2.0)]
        with store.artifacts.open(run_id, "report.txt") as content:
            assert content.read() == b"all well"
    assert list(find_journals(copy)) == []


def test_sync_says_what_is_left(make_site, tmp_path):
    site = make_site("thread")
    script = site.script("finish", limit=10, TRACKBRIDGE_MODE="offline")
    assert script.wait() == 0
    (tmp_path / "store").write_text("no database")
    done = site.sync(None, "--timeout", "1", "--json")
    assert done.returncode == 3, done.stderr
    (row,) = json.loads(done.stdout)
    assert not row["complete"]
    assert row["backends"][0]["error"]
    (tmp_path / "store").unlink()
    assert site.sync().returncode == 0
    site.check(script, "FINISHED")
