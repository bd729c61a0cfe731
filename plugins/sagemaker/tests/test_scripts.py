"""The demo's script, as it is, on both of AWS's services by configuration alone: the same content as elsewhere (C2)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.server
RUNS = 3


@pytest.fixture
def classic(sagemaker_place) -> str:
    return str(sagemaker_place.url)


@pytest.fixture
def managed(mlflow_postgres_s3, monkeypatch) -> str:
    """The ARN of a real server, which the vendor's own plugin is told to find on loopback."""
    monkeypatch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", mlflow_postgres_s3["url"])
    return "mlflow+arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/team"


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("service", ["classic", pytest.param("managed", marks=pytest.mark.full)])
@pytest.mark.parametrize(
    "other", ["local://{home}/store", pytest.param("mlflow+sqlite:///{home}/mlflow.db", marks=pytest.mark.full)]
)
def test_the_demo_is_equal_elsewhere(request, service, tmp_path, other):
    there, here = other.format(home=tmp_path), request.getfixturevalue(service)
    journals = str(tmp_path / "journals")
    home = {"TRACKBRIDGE_JOURNAL_DIR": journals, "TRACKBRIDGE_CONNECT_TIMEOUT_S": "120", "MPLBACKEND": "Agg"}
    for backend in (there, here):
        run("trackbridge.demo.train", TRACKBRIDGE_BACKEND=backend, **home)
    assert f"{RUNS} equal, 0 not" in run("trackbridge", "verify", there, here, "--content", **home)
