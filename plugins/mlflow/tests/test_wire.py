"""Faults on the wire: each is one clear error or a quiet retry, and never a doubled record (X1)."""

from __future__ import annotations

import io
import json
import time

import pytest
import requests
import responses
import stamina

from trackbridge.errors import (
    AuthError,
    ConfigurationError,
    Conflict,
    NotFound,
    Rejected,
    Transient,
)
from trackbridge.protocol import open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader

HOST = "http://mlflow.test"
API = f"{HOST}/api/2.0/mlflow"


@pytest.fixture
def wire():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def remote():
    adapter = open_backend("mlflow+http://mlflow.test?timeout_s=5").adapter
    yield adapter
    adapter.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Retries without their pauses; how long a server asked to wait is looked at by itself."""
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def experiment(name="e"):
    return {
        "experiment": {
            "experiment_id": "1",
            "name": name,
            "lifecycle_stage": "active",
            "artifact_location": "mlflow-artifacts:/1",
        }
    }


def known_run(wire, run_id, *, active=True):
    wire.post(f"{API}/experiments/search", json={"experiments": [experiment()["experiment"]]})
    found = {
        "info": {
            "run_id": "n1", "run_uuid": "n1", "experiment_id": "1", "status": "RUNNING", "start_time": 5,
            "lifecycle_stage": "active" if active else "deleted", "artifact_uri": "mlflow-artifacts:/1/n1/artifacts", "run_name": "x",
        },
        "data": {"tags": [{"key": "trackbridge.id", "value": run_id}]},
    }  # fmt: skip
    wire.post(f"{API}/runs/search", json={"runs": [found]})
    return found


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, "no", AuthError),
        (403, json.dumps({"error_code": "PERMISSION_DENIED", "message": "no"}), AuthError),
        (404, json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no"}), NotFound),
        (400, json.dumps({"error_code": "INVALID_PARAMETER_VALUE", "message": "no"}), Rejected),
        (400, json.dumps({"error_code": "RESOURCE_ALREADY_EXISTS", "message": "no"}), Conflict),
        (404, "<html>nginx</html>", ConfigurationError),
        (413, "too large", Rejected),
        (429, "slow down", Transient),
        (500, "oops", Transient),
        (502, "<html>bad gateway</html>", Transient),
        (503, json.dumps({"error_code": "TEMPORARILY_UNAVAILABLE", "message": "busy"}), Transient),
        (200, "<html>a login page</html>", ConfigurationError),
        (200, '{"experiment": {"exp', Transient),
        (200, "", Transient),
    ],
)
def test_each_answer_is_one_error(wire, remote, status, body, error):
    kind = "text/html" if "html" in body else "application/json"
    wire.get(f"{API}/experiments/get-by-name", status=status, body=body, content_type=kind)
    with pytest.raises(error) as caught:
        remote.runs._client.tracking.get_experiment_by_name("e")
    assert "mlflow.test" in str(caught.value)
    assert len(wire.calls) == (4 if error is Transient else 1)


@pytest.mark.parametrize(("body", "error"), [("<html>a login page</html>", ConfigurationError), ("[", Transient)])
def test_what_is_not_mlflows_answer_says_nothing_of_a_file(wire, remote, body, error):
    run_id = new_run_id()
    known_run(wire, run_id)
    wire.get(f"{API}/runs/get", json={"run": known_run(wire, run_id)})
    wire.get("http://mlflow.test/api/2.0/mlflow-artifacts/artifacts", json={"files": []})
    file = "http://mlflow.test/api/2.0/mlflow-artifacts/artifacts/1/n1/artifacts/x"
    wire.put(file, body=body, content_type="text/html" if "html" in body else "application/json")
    with pytest.raises(error):
        remote.artifacts.put(run_id, "x", io.BytesIO(b"x"), size=1, sha256="")
    wire.replace("PUT", file, json={})
    remote.artifacts.put(run_id, "x", io.BytesIO(b"x"), size=1, sha256="")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (requests.exceptions.ConnectionError("refused"), Transient),
        (requests.exceptions.ReadTimeout("late"), Transient),
        (requests.exceptions.ChunkedEncodingError("cut"), Transient),
        (requests.exceptions.SSLError("bad certificate"), ConfigurationError),
    ],
)
def test_each_broken_connection_is_one_error(wire, remote, fault, error):
    wire.get(f"{API}/experiments/get-by-name", body=fault)
    with pytest.raises(error):
        remote.experiments.ensure("e")


def test_a_short_retry_after_is_waited_for(wire, remote, quick):
    url = f"{API}/experiments/get-by-name"
    wire.get(url, status=429, headers={"Retry-After": "3"}, body="slow down")
    wire.get(url, json=experiment())
    remote.experiments.ensure("e")
    assert quick == [3.0]


def test_a_long_retry_after_is_the_callers_to_wait(wire, remote, quick):
    wire.get(f"{API}/experiments/get-by-name", status=503, headers={"Retry-After": "120"}, body="maintenance")
    with pytest.raises(Transient) as caught:
        remote.experiments.ensure("e")
    assert (caught.value.retry_after_s, quick, len(wire.calls)) == (120.0, [], 1)


def test_a_retry_after_may_be_a_date(wire, remote):
    wire.get(f"{API}/experiments/get-by-name", status=503, headers={"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"})
    with pytest.raises(Transient) as caught:
        remote.experiments.ensure("e")
    assert caught.value.retry_after_s > 1e6


def test_a_lost_answer_to_a_create_makes_no_second_run(wire, remote):
    """The server made the run, and the connection broke: the request is not sent again, the run is found by its tag."""
    run_id = new_run_id()
    wire.post(f"{API}/experiments/search", json={"experiments": [experiment()["experiment"]]})
    wire.get(f"{API}/experiments/get-by-name", json=experiment())
    runs = []

    def search(request):
        return 200, {}, json.dumps({"runs": runs})

    def create(request):
        tags = json.loads(request.body)["tags"]
        info = {
            "run_id": "n1", "run_uuid": "n1", "experiment_id": "1", "status": "RUNNING", "start_time": 5,
            "lifecycle_stage": "active", "artifact_uri": "mlflow-artifacts:/1/n1/artifacts", "run_name": run_id,
        }  # fmt: skip
        runs.append({"info": info, "data": {"tags": tags}})
        raise requests.exceptions.ConnectionError("cut after the server had answered")

    wire.add_callback("POST", f"{API}/runs/search", search)
    wire.add_callback("POST", f"{API}/runs/create", create)
    header = RunHeader(run_id, "e", 5)

    def mark(request):
        sent = json.loads(request.body)
        runs[0]["data"]["tags"].append({"key": sent["key"], "value": sent["value"]})
        return 200, {}, "{}"

    wire.add_callback("POST", f"{API}/runs/set-tag", mark)
    with pytest.raises(Transient):
        remote.runs.create(header)
    opened = remote.runs.create(header)
    assert (opened.native_id, opened.created, len(runs)) == ("n1", False, 1)


def test_points_are_sent_again_after_a_fault(wire, remote):
    run_id = new_run_id()
    known_run(wire, run_id)
    url = f"{API}/runs/log-batch"
    wire.post(url, status=502, body="bad gateway")
    wire.post(url, body=requests.exceptions.ConnectionError("cut"))
    wire.post(url, json={})
    points = [MetricPoint("m", step, 1, 1.0) for step in range(1_001)]
    remote.metrics.write(run_id, points)
    bodies = [json.loads(call.request.body)["metrics"] for call in wire.calls if call.request.url == url]
    assert [len(body) for body in bodies] == [1_000, 1_000, 1_000, 1]


def test_a_deleted_run_says_so(wire, remote):
    run_id = new_run_id()
    known_run(wire, run_id, active=False)
    message = "The run n1 must be in the 'active' state. Current state is deleted."
    wire.post(f"{API}/runs/log-batch", status=400, json={"error_code": "INVALID_PARAMETER_VALUE", "message": message})
    with pytest.raises(Conflict, match="deleted"):
        remote.metrics.write(run_id, [MetricPoint("m", 0, 0, 0.0)])
    assert stamina.is_active()


def test_no_error_shows_the_password(wire):
    remote = open_backend("mlflow+http://me:hunter2@mlflow.test").adapter
    wire.get(f"{API}/experiments/get-by-name", status=401, body="no")
    with pytest.raises(AuthError) as caught:
        remote.experiments.ensure("e")
    assert "hunter2" not in f"{caught.value!r} {caught.value}"
    assert wire.calls[0].request.headers["Authorization"].startswith("Basic ")
    remote.close()


def test_check_names_what_is_no_mlflow(wire, remote):
    wire.get(f"{HOST}/version", body="<html>welcome</html>", content_type="text/html")
    with pytest.raises(ConfigurationError, match="welcome"):
        remote.check()
