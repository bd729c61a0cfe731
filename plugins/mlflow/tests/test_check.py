"""What `doctor` is told: who answers, as whom, where artifacts go, and what is wrong."""

from __future__ import annotations

import pytest

from servers import mlflow as servers_mlflow
from servers.shared import free_port
from trackbridge.errors import AuthError, ConfigurationError, Transient
from trackbridge.protocol import Backend, open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader


def facts(backend: Backend) -> dict[str, str]:
    return dict(backend.adapter.check().facts)


def test_each_kind_says_what_it_is(backend):
    found = facts(backend)
    assert found["client"].startswith("mlflow 3.")
    assert found["batches"] == "1000 points, 100 params, 100 tags"
    if "server" in found:
        assert found["server"].startswith("3.")
        assert found["auth"] == "none"
        assert found["artifacts"].startswith(
            ("through the server: mlflow-artifacts:", "straight to S3: s3://mlflow-direct/")
        )
    else:
        assert found["database"] == "sqlite"
        assert found["artifacts"].startswith("folder: file:///")
    assert backend.adapter.check().warnings == ()


@pytest.mark.server
def test_a_password(mlflow_auth, monkeypatch):
    host = mlflow_auth["url"].removeprefix("http://")
    right = open_backend(f"mlflow+http://{servers_mlflow.ADMIN}:{servers_mlflow.PASSWORD}@{host}")
    assert facts(right)["auth"] == f"basic, as {servers_mlflow.ADMIN}"
    right.adapter.experiments.ensure("with a password")
    right.adapter.runs.create(RunHeader(new_run_id(), "with a password", 5))
    for url in (f"mlflow+http://{host}", f"mlflow+http://{servers_mlflow.ADMIN}:wrong@{host}"):
        with pytest.raises(AuthError, match="MLFLOW_TRACKING_USERNAME") as caught:
            open_backend(url).adapter.check()
        assert "wrong" not in str(caught.value)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", servers_mlflow.ADMIN)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", servers_mlflow.PASSWORD)
    assert facts(open_backend(f"mlflow+http://{host}"))["auth"] == f"basic, as {servers_mlflow.ADMIN}"


def test_nobody_there():
    for url in (f"mlflow+http://127.0.0.1:{free_port()}", "mlflow+http://no-such-host.invalid"):
        with pytest.raises(Transient, match="cannot be reached"):
            open_backend(url).adapter.check()


def test_no_database_there():
    with pytest.raises(Transient):
        open_backend(f"mlflow+postgresql://u:secret@127.0.0.1:{free_port()}/d?artifacts=/x").adapter.check()


def test_artifacts_behind_a_server_need_the_server(tmp_path):
    url = f"mlflow+sqlite:///{tmp_path / 'x.db'}?artifacts=mlflow-artifacts://root"
    (warning,) = open_backend(url).adapter.check().warnings
    assert "mlflow+http://" in warning
    adapter = open_backend(url).adapter
    adapter.experiments.ensure("e")
    adapter.runs.create(RunHeader(run_id := new_run_id(), "e", 5))
    with pytest.raises(ConfigurationError):
        list(adapter.artifacts.list(run_id))
