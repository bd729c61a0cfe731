"""MLflow's own server, ``mlflow server``, over any database and artifact store."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from servers.shared import Services, free_port, wait_for

QUIET = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "PYTHONWARNINGS": "ignore",
}
ADMIN, PASSWORD = "admin", "a-long-enough-password"
ARN = "mlflow+arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/team"


def start(
    services: Services,
    folder: Path,
    *,
    database: str | None = None,
    workers: int = 1,
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    port: int | None = None,
) -> dict[str, str]:
    """Start a server; its artifacts lie in `folder` and go through it unless `options` say otherwise."""
    port = port or free_port()
    log = folder / "log"
    database = database or f"sqlite:///{folder / 'mlflow.db'}"
    where = ["--artifacts-destination", str(folder / "artifacts")]
    if any(option in {"--no-serve-artifacts", "--artifacts-destination"} for option in options):
        where = []
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", database.replace("postgresql://", "postgresql+psycopg2://")),
        *("--workers", str(workers), *where, *options),
    ]
    process = services.spawn(command, log, {**QUIET, **(env or {})})
    url = f"http://127.0.0.1:{port}"
    wait_for(f"{url}/version", process, log)
    return {"url": url, "database": database, "folder": str(folder), "pid": str(process.pid)}


def managed(url: str, patch: pytest.MonkeyPatch) -> str:
    """Give `ARN`, which AWS's own plugin is told to find at a server on loopback."""
    patch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", url)
    return ARN


def auth_settings(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Give the options and the environment of a server that asks for a password."""
    settings = folder / "auth.ini"
    settings.write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{folder / 'auth.db'}\n"
        f"admin_username = {ADMIN}\nadmin_password = {PASSWORD}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    return ["--app-name", "basic-auth"], {
        "MLFLOW_AUTH_CONFIG_PATH": str(settings),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "only-for-tests",
    }
