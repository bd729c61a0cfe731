"""Whole training scripts, with nothing changed but the URL: equal content on each kind, and a server that dies in mid-run."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

import trackbridge as tb
from scripts import EXPERIMENTS, RUNS, contained, play_all
from servers import mlflow, postgres, s3

# One process plays them all: a server can be killed only by who started it.
pytestmark = pytest.mark.xdist_group("mlflow-scripts")

KINDS = [
    pytest.param("direct", marks=pytest.mark.full),
    pytest.param("server", marks=pytest.mark.server),
    pytest.param("postgres-s3", marks=[pytest.mark.server, pytest.mark.full]),
    pytest.param("postgres-proxied", marks=[pytest.mark.server, pytest.mark.full]),
]


@dataclass(frozen=True)
class Fresh:
    """An MLflow that nobody else writes to; `options` start the same server again."""

    url: str
    options: dict
    pid: int = 0


@pytest.fixture(scope="module")
def fresh(request, services, tmp_path_factory) -> Fresh:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "direct":
        return Fresh(f"mlflow+sqlite:///{folder / 'mlflow.db'}", {})
    options = {"folder": folder, "port": mlflow.free_port()}
    if request.param != "server":
        root = f"s3://{s3.create_bucket(request.getfixturevalue('s3_endpoint'), f'scripts-{request.param}')}/root"
        direct = ["--no-serve-artifacts", "--default-artifact-root", root]
        options["options"] = direct if request.param == "postgres-s3" else ["--artifacts-destination", root]
        options["database"] = postgres.create_database(request.getfixturevalue("postgres_uri"))
        options["workers"] = 1 if request.param == "postgres-s3" else 2
    started = mlflow.start(services, **options)
    return Fresh(f"mlflow+{started['url']}", options, int(started["pid"]))


@pytest.mark.parametrize("fresh", KINDS, indirect=True)
def test_the_same_scripts_give_the_same_content(fresh, scripts_elsewhere, tmp_path):
    there = scripts_elsewhere("local")
    play_all(fresh.url, tmp_path)
    contained(there, fresh.url)
    with tb.connect(fresh.url) as store:
        assert len(list(store.runs.search(experiments=EXPERIMENTS))) == RUNS, "and nothing more"


@pytest.mark.parametrize("fresh", KINDS[1:], indirect=True)
def test_a_server_that_dies_in_mid_run_loses_and_doubles_nothing(fresh, services, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    monkeypatch.setenv("TRACKBRIDGE_JOURNAL_DIR", str(tmp_path / "journals"))
    monkeypatch.setenv("TRACKBRIDGE_FINISH_TIMEOUT_S", "120")
    raw = MlflowClient(fresh.url.removeprefix("mlflow+"))
    run = tb.start_run("outage", backend=fresh.url, params={"before": 1}, capture=False)
    run.log_series("loss", range(1_000), [1.0] * 1_000)
    assert run.flush()[0].complete
    run.log_series("loss", range(1_000, 21_000), [2.0] * 20_000)
    native = tb.connect(fresh.url).runs.get(run.id).native_id
    wait_until(lambda: raw.get_run(native).data.metrics["loss"] == 2.0)
    services.kill(fresh.pid)
    run.log_series("loss", range(21_000, 22_000), [3.0] * 1_000)
    run.log_param("during", [1, "ü"])
    run.set_tag("during", "yes")
    run.log_text("while it was down", "during.txt")
    mlflow.start(services, **fresh.options)
    (delivery,) = run.finish()
    assert delivery.complete, delivery.summary
    (found,) = raw.search_runs([raw.get_run(native).info.experiment_id])
    assert (found.info.run_id, found.info.status) == (native, "FINISHED")
    assert sorted(metric.step for metric in raw.get_metric_history(native, "loss")) == list(range(22_000))
    with tb.connect(fresh.url) as store:
        record = store.runs.get(run.id)
        assert dict(record.params) == {"before": 1, "during": [1, "ü"]}
        assert record.tags["during"] == "yes"
        points = [(point.step, point.value) for point in store.metrics.read(run.id)]
        assert points == [(n, 1.0 if n < 1_000 else 2.0 if n < 21_000 else 3.0) for n in range(22_000)]
        with store.artifacts.open(run.id, "during.txt") as stream:
            assert stream.read() == b"while it was down"


def wait_until(holds) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
