"""`trackbridge conformance URL` exits with 0 on every kind of backend that a server or an emulator stands in for here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from servers import mlflow
from servers.clouds import CLOUDS

pytestmark = [pytest.mark.server, pytest.mark.full]

Request = pytest.FixtureRequest


def _rest(request: Request, patch: pytest.MonkeyPatch) -> str:
    emulator = request.getfixturevalue("vertex_emulator")
    url = CLOUDS["vertex"](request, patch).replace(emulator["grpc"], emulator["rest"].removeprefix("http://"))
    return f"{url}&transport=rest"


PLACES: Final[Mapping[str, Callable[[Request, pytest.MonkeyPatch], str]]] = {
    "mlflow": lambda request, _: f"mlflow+sqlite:///{request.getfixturevalue('tmp_path')}/mlflow.db",
    "mlflow-sqlite": lambda request, _: f"mlflow+{request.getfixturevalue('mlflow_sqlite')['url']}",
    "mlflow-postgres-s3": lambda request, _: f"mlflow+{request.getfixturevalue('mlflow_postgres_s3')['url']}",
    "mlflow-postgres-proxied": lambda request, _: f"mlflow+{request.getfixturevalue('mlflow_postgres_proxied')['url']}",
    "mlflow-arn": lambda request, patch: mlflow.managed(request.getfixturevalue("mlflow_postgres_s3")["url"], patch),
    "vertex-rest": _rest,
    **CLOUDS,
}


@pytest.mark.parametrize("place", sorted(PLACES))
def test_it_exits_with_0(place, request, monkeypatch, tmp_path) -> None:
    url = PLACES[place](request, monkeypatch)
    command = [sys.executable, "-m", "trackbridge", "conformance", url, "--json"]
    environment = {**os.environ, "TRACKBRIDGE_JOURNAL_DIR": str(tmp_path / "journals")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = {row["verdict"] for row in json.loads(done.stdout)["rows"]}
    assert verdicts <= {"kept", "refused"}
