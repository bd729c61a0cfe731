"""W&B's service behind scripts and shippers that are killed, behind lost answers, and down for a while (R8, M2)."""

import json
import os
import signal
import time
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest

import trackbridge as tb
from servers import wandb

pytestmark = pytest.mark.server
full = pytest.mark.full
POINTS = 3_000


@pytest.fixture
def site(make_site, wandb_emulator):
    made = make_site("process", f"wandb://team?base_url={wandb_emulator.url}")
    made.environment |= wandb_emulator.environment
    os.environ.update({"WANDB_API_KEY": wandb_emulator.account.key})
    yield made
    del os.environ["WANDB_API_KEY"]


def until(holds, timeout_s=120.0):
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def rows(url, key, project, run):
    """Ask the service itself for the rows that it holds of one of its runs, doubled ones too."""
    query = """query HistoryPage($entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!,
        $pageSize: Int!) { project(name: $project, entityName: $entity) {
        run(name: $run) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) } } }"""
    place = {"entity": "team", "project": project, "run": run, "minStep": 0, "maxStep": 10**6, "pageSize": 10**6}
    request = urllib.request.Request(f"{url}/graphql", json.dumps({"query": query, "variables": place}).encode())
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Basic {b64encode(f'api:{key}'.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = json.load(answer)["data"]["project"]["run"]
    return found["history"] if found else []


@pytest.mark.parametrize(
    ("count", "threads"), [(1, 1), pytest.param(10, 1, marks=full), pytest.param(10, 4, marks=full)]
)
def test_scripts_are_killed(site, dice, count, threads):
    scripts = [site.script(threads=threads, mode=("mapped", "plain")[number % 2]) for number in range(count)]
    for script in scripts:
        script.harm(dice.uniform(0.0, 0.03), script.process.kill)
    for script in scripts:
        assert script.wait() == -signal.SIGKILL
    site.sync_all()
    for script in scripts:
        site.check(script, "KILLED")


@pytest.mark.parametrize("number", [1, 2, *(pytest.param(number, marks=full) for number in range(3, 21))])
def test_the_shipper_is_killed(site, dice, wandb_emulator, number):
    """At a random moment after its first rows: what it had sent, and what it had not, is there once."""
    script = site.script("finish", limit=POINTS, TRACKBRIDGE_FINISH_TIMEOUT_S="150")
    until(lambda: wandb_emulator.requests().get("file_stream", 0) >= dice.randint(1, 3))
    shipper = site.shipper()
    assert not Path(f"/proc/{shipper}/task/{shipper}/children").read_text(), "no wandb-core to lose anything with"
    os.kill(shipper, signal.SIGKILL)
    assert script.wait() == 0, script.said.decode()
    site.sync_all()
    site.check(script, "FINISHED")


def test_answers_are_lost(site, wandb_emulator):
    script = site.script("finish", limit=POINTS, TRACKBRIDGE_FINISH_TIMEOUT_S="150")
    wandb_emulator.fault("file_stream", cut="after", times=2)
    wandb_emulator.fault("file_stream", status=429, retry_after_s=1)
    wandb_emulator.fault("UpsertBucket", cut="after")
    assert script.wait() == 0, script.said.decode()
    site.sync_all()
    site.check(script, "FINISHED")
    count = 0
    for name in (script.run_id, f"{script.run_id}-1"):  # a claim whose answer is lost is nobody's
        held = [json.loads(row) for row in rows(wandb_emulator.url, wandb_emulator.account.key, "faults", name)]
        assert [row["_step"] for row in held] == list(range(len(held))), "no row was sent to two places"
        count += sum("t0" in row for row in held)
    assert count == POINTS
    assert wandb_emulator.faults()["struck"] >= 2


@pytest.mark.parametrize(("beside", "down_s"), [("local", 0.0), pytest.param("mlflow", 60.0, marks=full)])
def test_one_of_two_is_down_for_a_while(monkeypatch, tmp_path, services, request, beside, down_s):
    """Delivery to the other goes on, and both are equal in the end."""
    first = wandb.start(services, tmp_path)
    for name, value in {"WANDB_API_KEY": "0" * 40, "TRACKBRIDGE_JOURNAL_DIR": str(tmp_path / "j")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRACKBRIDGE_SHIPPER", "thread")
    monkeypatch.setenv("TRACKBRIDGE_CONNECT_TIMEOUT_S", "60")
    url, other = f"wandb://team?base_url={first['url']}&timeout_s=5", f"local://{tmp_path / 'other'}"
    if beside == "mlflow":
        other = f"mlflow+{request.getfixturevalue('mlflow_sqlite')['url']}"
    run = tb.start_run("down", backend=[other, url], capture=False, params={"p": 1})
    run.log_metric("loss", 0.0, 0)
    assert all(delivery.complete for delivery in run.flush())
    services.kill(int(first["pid"]))
    gone_s = time.monotonic()
    for step in range(1, POINTS):
        run.log_metric("loss", float(step), step)
    run.log_text("still here", "during.txt")
    until(lambda: run.delivery[1].error)
    until(lambda: run.delivery[0].queued == 0)
    assert run.delivery[1].queued > 0
    until(lambda: time.monotonic() - gone_s >= down_s)
    wandb.start(services, tmp_path, port=int(first["port"]))
    assert all(delivery.complete for delivery in run.finish())
    with tb.connect(other) as one, tb.connect(url) as two:
        assert one.runs.digest(run.id, content=True) == two.runs.digest(run.id, content=True)
        assert [point.step for point in two.metrics.read(run.id)] == list(range(POINTS))
