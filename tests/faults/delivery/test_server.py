"""A real MLflow server behind scripts that are killed, killed itself, behind a bad network, or with another password."""

import json
import os
import signal
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

import trackbridge as tb
from servers import mlflow, proxy

pytestmark = pytest.mark.server
full = pytest.mark.full
POINTS = 2_000


def history(url, native, name):
    """Ask the server itself for every point that it holds, doubled ones too."""
    query = urllib.parse.urlencode({"run_id": native, "metric_key": name, "max_results": 25_000})
    with urllib.request.urlopen(f"{url}/api/2.0/mlflow/metrics/get-history?{query}", timeout=60) as answer:
        return sorted(int(point.get("step", 0)) for point in json.load(answer)["metrics"])


def until(holds, timeout_s=120.0):
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("count", "threads"), [(3, 1), pytest.param(6, 1, marks=full), pytest.param(6, 4, marks=full)])
def test_scripts_are_killed(make_site, dice, mlflow_sqlite, count, threads):
    site = make_site("process", f"mlflow+{mlflow_sqlite['url']}")
    scripts = [site.script(threads=threads, mode=("mapped", "plain")[number % 2]) for number in range(count)]
    for script in scripts:
        script.harm(dice.uniform(0.0, 0.03), script.process.kill)
    for script in scripts:
        assert script.wait() == -signal.SIGKILL
    site.sync_all()
    assert sum(sum(script.accepted.values()) for script in scripts) > 0
    for script in scripts:
        site.check(script, "KILLED")


@full
@pytest.mark.parametrize("mode", ["mapped", "plain"])
@pytest.mark.parametrize("threads", [1, 4])
def test_the_server_is_killed_in_mid_batch(make_site, services, tmp_path, mode, threads):
    options = {"folder": tmp_path, "port": mlflow.free_port()}
    started = mlflow.start(services, **options)
    server = int(Path(f"/proc/{started['pid']}/task/{started['pid']}/children").read_text())
    batches, killed = 0, threading.Event()

    def kill(_method, path):
        nonlocal batches
        batches += path.endswith("/runs/log-batch")
        if batches == 4 and not killed.is_set():
            killed.set()
            time.sleep(0.005)  # it has read the batch, and not answered
            os.killpg(server, signal.SIGKILL)

    with proxy.before(started["url"]) as between:
        between.watch = kill
        site = make_site("process", f"mlflow+{between.url}")
        script = site.script(
            "finish", threads=threads, limit=12_000 // threads, mode=mode, TRACKBRIDGE_FINISH_TIMEOUT_S="150"
        )
        assert killed.wait(120)
        mlflow.start(services, **options)
        assert script.wait() == 0, script.said.decode()
        site.check(script, "FINISHED")
        with tb.connect(site.url) as store:
            native = store.runs.get(script.run_id).native_id
        for number in range(threads):
            assert history(between.url, native, f"t{number}") == list(range(12_000 // threads))


def connect(monkeypatch, tmp_path, between):
    for name, value in (("JOURNAL_DIR", str(tmp_path)), ("SHIPPER", "thread"), ("CONNECT_TIMEOUT_S", "60")):
        monkeypatch.setenv(f"TRACKBRIDGE_{name}", value)
    run = tb.start_run("faults", backend=f"mlflow+{between.url}?timeout_s=2", params={"p": 1}, capture=False)
    run.log_metric("loss", 0.0, 0)
    assert run.flush()[0].complete
    return run


FIRST = ("429, come back", "a login page", "never", "a lost answer")


@pytest.mark.parametrize("fault", [pytest.param(each, marks=[] if each in FIRST else full) for each in proxy.FAULTS])
def test_a_network_that_fails(monkeypatch, tmp_path, mlflow_sqlite, fault):
    with proxy.before(mlflow_sqlite["url"]) as between:
        run = connect(monkeypatch, tmp_path, between)
        between.fault = fault
        begun = time.thread_time()
        for step in range(1, POINTS):
            run.log_metric("loss", float(step), step)
        run.log_param("during", fault)
        run.log_text("still here", "during.txt")
        assert time.thread_time() - begun < 1.0, "training goes on"
        until(lambda: between.given[fault] >= 2)
        if fault != "slow":
            until(lambda: run.delivery[0].error)
            assert run.delivery[0].queued > 0
            between.fault = None
        (delivery,) = run.finish()
        assert delivery.complete, delivery.summary
    with tb.connect(f"mlflow+{mlflow_sqlite['url']}") as store:
        found = store.runs.get(run.id)
        assert (found.status, dict(found.params)) == ("FINISHED", {"p": 1, "during": fault})
        assert [point.step for point in store.metrics.read(run.id)] == list(range(POINTS))
        with store.artifacts.open(run.id, "during.txt") as content:
            assert content.read() == b"still here"
    assert history(mlflow_sqlite["url"], found.native_id, "loss") == list(range(POINTS))


STORES = ("a login page", "garbage", "503", "never", "a lost answer")


@pytest.mark.parametrize("fault", [pytest.param(each, marks=[] if each == "a login page" else full) for each in STORES])
def test_an_artifact_store_that_fails_holds_up_no_point(monkeypatch, tmp_path, mlflow_sqlite, fault):
    with proxy.before(mlflow_sqlite["url"]) as between:
        run = connect(monkeypatch, tmp_path, between)
        between.only, between.fault = "/mlflow-artifacts/artifacts/", fault
        for number in range(6):
            run.log_text(f"content {number}", f"{number}.txt")
        until(lambda: between.given[fault] >= 2)
        run.log_metric("loss", 1.0, 1)
        with tb.connect(f"mlflow+{mlflow_sqlite['url']}") as store:
            until(lambda: store.runs.get(run.id).metrics["loss"].last == 1.0)
            assert store.runs.get(run.id).status == "RUNNING", "the end comes last"
            between.fault = None
            (delivery,) = run.finish()
            assert delivery.complete, delivery.summary
            assert store.runs.get(run.id).status == "FINISHED"
            for number in range(6):
                with store.artifacts.open(run.id, f"{number}.txt") as content:
                    assert content.read() == f"content {number}".encode()


class Account:
    """A user of a server that asks for a password, and the server's administrator, who can change it."""

    def __init__(self, server):
        self._url = server["url"]
        self.name, self.password = f"user-{os.urandom(4).hex()}", "the-first-password"
        self._act("POST", "create", username=self.name, password=self.password)

    def change(self, password):
        self._act("PATCH", "update-password", username=self.name, password=password)

    def _act(self, method, what, **values):
        request = urllib.request.Request(
            f"{self._url}/api/2.0/mlflow/users/{what}", json.dumps(values).encode(), method=method
        )
        request.add_header("Content-Type", "application/json")
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        passwords.add_password(None, self._url, mlflow.ADMIN, mlflow.PASSWORD, is_authenticated=True)
        urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(passwords)).open(request, timeout=60).close()


@pytest.mark.parametrize("host", ["process", pytest.param("thread", marks=full)])
def test_a_credential_is_revoked_in_mid_run(monkeypatch, tmp_path, mlflow_auth, host):
    account = Account(mlflow_auth)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", account.name)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", account.password)
    monkeypatch.setenv("TRACKBRIDGE_JOURNAL_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKBRIDGE_SHIPPER", host)
    monkeypatch.setenv("TRACKBRIDGE_CONNECT_TIMEOUT_S", "60")
    url = f"mlflow+{mlflow_auth['url']}"
    run = tb.start_run(account.name, backend=url, capture=False)
    run.log_metric("loss", 0.0, 0)
    assert run.flush()[0].complete
    account.change("revoked-and-replaced")
    for step in range(1, POINTS):
        run.log_metric("loss", float(step), step)
    run.log_text("still here", "during.txt")
    until(lambda: run.delivery[0].error)
    state = run.delivery[0]
    assert "401" in state.error, "and it says what to do"
    assert "MLFLOW_TRACKING_USERNAME" in state.error
    assert (state.rejected, state.dropped) == (0, 0)
    assert state.queued > 0
    run.log_metric("loss", float(POINTS), POINTS)
    account.change(account.password)
    (delivery,) = run.finish()
    assert delivery.complete, delivery.summary
    with tb.connect(url) as store:
        assert [point.step for point in store.metrics.read(run.id)] == list(range(POINTS + 1))
        assert store.runs.get(run.id).status == "FINISHED"
        with store.artifacts.open(run.id, "during.txt") as content:
            assert content.read() == b"still here"
