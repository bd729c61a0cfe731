"""SageMaker's classic API as `emulators.sagemaker` serves it; each test should take an account of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from servers.shared import Services, free_port, wait_for

_TESTS = Path(__file__).parents[1]


def start(services: Services, folder: Path, *, switches: Sequence[str] = (), port: int | None = None) -> dict[str, str]:
    """Start a server whose accounts lie in `folder`: started there again after a kill, it has them all.

    `switches` are as ``search_lag_s=2``; `emulators.sagemaker.Remote(url, account)` turns more and asks for faults.
    """
    port = port or free_port()
    log = folder / "log"
    chosen = [part for switch in switches for part in ("--switch", switch)]
    command = [
        sys.executable,
        "-m",
        "emulators.sagemaker",
        "--port",
        str(port),
        "--data",
        str(folder / "data"),
        *chosen,
    ]
    path = os.pathsep.join(filter(None, [str(_TESTS), os.environ.get("PYTHONPATH")]))
    process = services.spawn(command, log, {"PYTHONPATH": path})
    url = f"http://127.0.0.1:{port}"
    wait_for(f"{url}/_emulator/000000000000/state", process, log)
    return {"url": url, "folder": str(folder), "pid": str(process.pid)}
