"""A real MLflow server for ``trackbridge demo``: on SQLite, on a free port of this machine alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from trackbridge.errors import Transient
from trackbridge.protocol import DemoServer, hookimpl

__all__ = ["trackbridge_demo_servers"]

_START_S: Final = 120.0  # 14–23 s on two quiet cores
_STOP_S: Final = 10.0
_NEEDED: Final = ("mlflow", "flask", "sqlalchemy")  # the skinny distribution can talk to a server but not be one


@contextmanager
def _started(folder: Path) -> Iterator[str]:
    port = _free_port()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{_database(folder)}"),
        *("--artifacts-destination", str(folder.resolve() / "artifacts")),
    ]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    log = folder / "server.log"
    with log.open("ab") as output:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **quiet},
            start_new_session=True,  # its workers end with it
        )
    try:
        _wait(f"http://127.0.0.1:{port}/version", server, log)
        yield f"mlflow+http://127.0.0.1:{port}"
    finally:
        _stop(server)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback, a URL of our own
            return
        time.sleep(0.2)
    raise Transient("the MLflow server did not come up", remedy=f"Its last words are in {log}.")


def _stop(server: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(_STOP_S)
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _database(folder: Path) -> Path:
    return folder.resolve() / "mlflow.db"


@hookimpl
def trackbridge_demo_servers() -> tuple[DemoServer, ...]:
    """Give the server, where all of MLflow is installed and not only its client."""
    if any(find_spec(name) is None for name in _NEEDED):
        return ()
    server = DemoServer(
        name="MLflow server", start=_started, later=lambda folder: f"mlflow+sqlite:///{_database(folder)}"
    )
    return (server,)
