"""The shipper process: started on demand, asked over a socket, gone when nothing is left."""

import json
import os
import subprocess
import sys
import time

import pytest

import trackbridge as tb
from trackbridge.errors import ConfigurationError
from trackbridge.shipping import service

SCRIPT = """
import sys
import trackbridge as tb
with tb.start_run("process", capture=False, params={"p": 1}) as run:
    print(run.id)
    for step in range(100):
        run.log_metric("loss", float(step), step)
    run.log_text("hello", "a.txt")
    (state,) = run.flush(60)
    assert (state.queued, state.delivered) == (0, 102), state
    assert run.delivery[0].delivered == 102
    version = run.register_model("a.txt", "model")
assert version.result().number == 1
print(sorted(name for name in sys.modules if name.split(".")[0] in ("mlflow", "sqlalchemy", "requests")))
"""


@pytest.fixture
def environment(tmp_path, monkeypatch):
    values = {"TRACKBRIDGE_JOURNAL_DIR": str(tmp_path / "j"), "TRACKBRIDGE_SHIPPER": "process"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return {**os.environ, **values}


def play(code, environment, **more):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.server
def test_the_training_process_never_imports_a_vendors_sdk(environment, mlflow_sqlite):
    url = f"mlflow+{mlflow_sqlite['url']}"
    run_id, vendors = play(SCRIPT, environment, TRACKBRIDGE_BACKEND=url)
    assert vendors == "[]"
    with tb.connect(url) as store:
        run = store.runs.get(run_id)
        assert (run.status, run.params["p"], run.metrics["loss"].count) == ("FINISHED", 1, 100)


def test_a_socket_of_a_root_with_a_long_name(environment, tmp_path):
    long = tmp_path / ("x" * 120)
    url = f"local://{tmp_path / 'store'}"
    play(SCRIPT, environment, TRACKBRIDGE_BACKEND=url, TRACKBRIDGE_JOURNAL_DIR=str(long))
    assert json.loads((long / "shipper.json").read_text())["address"].startswith("/")


def test_a_python_that_is_none(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKBRIDGE_PYTHON", str(tmp_path / "nothing"))
    with pytest.raises(ConfigurationError, match="cannot be started with"):
        tb.start_run("process", backend=f"local://{tmp_path / 'store'}", capture=False)


def test_errors_of_the_handshake_reach_the_script(environment, tmp_path):
    (tmp_path / "store").write_text("no database")
    with pytest.raises(tb.errors.TrackbridgeError):
        tb.start_run("process", backend=f"local://{tmp_path / 'store'}", capture=False)


def test_it_leaves_when_nothing_is_left(environment, tmp_path, monkeypatch):
    monkeypatch.setattr(service, "_IDLE_S", 0.2)
    monkeypatch.setattr(service, "_SCAN_EVERY_S", 0.05)
    root = tmp_path / "j"
    root.mkdir()
    begin = time.monotonic()
    assert service.main([str(root)]) == 0
    assert time.monotonic() - begin < 20
    assert not (root / "shipper.json").exists(), "who looks for it finds nobody, and starts another"


def test_a_second_one_leaves_at_once(environment, tmp_path):
    play(SCRIPT, environment, TRACKBRIDGE_BACKEND=f"local://{tmp_path / 'store'}")
    pid = json.loads((tmp_path / "j" / "shipper.json").read_text())["pid"]
    assert service.main([str(tmp_path / "j")]) == 0
    assert json.loads((tmp_path / "j" / "shipper.json").read_text())["pid"] == pid
