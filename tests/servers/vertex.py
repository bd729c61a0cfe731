"""Vertex AI as `emulators.vertex` serves it; each test should take a project of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from servers.shared import Services, free_port, wait_for

_TESTS = Path(__file__).parents[1]


def start(
    services: Services, folder: Path, *, switches: Sequence[str] = (), ports: tuple[int, int] | None = None
) -> dict[str, str]:
    """Start a server whose projects lie in `folder`: started there again after a kill, it has them all.

    Gives ``grpc`` (host and port), ``rest`` (URL), ``folder`` and ``pid``. `switches` are as ``struct_nan=null``;
    `emulators.vertex.Remote(rest, project)` turns more and asks for faults. `ports` are those of gRPC and REST.
    """
    port, rest_port = ports or (free_port(), free_port())
    log = folder / "log"
    chosen = [part for switch in switches for part in ("--switch", switch)]
    command = [
        *(sys.executable, "-m", "emulators.vertex", "--port", str(port), "--rest-port", str(rest_port)),
        *("--data", str(folder / "data"), *chosen),
    ]
    path = os.pathsep.join(filter(None, [str(_TESTS), os.environ.get("PYTHONPATH")]))
    process = services.spawn(command, log, {"PYTHONPATH": path})
    url = f"http://127.0.0.1:{rest_port}"
    wait_for(f"{url}/_emulator/-/health", process, log)
    return {"grpc": f"127.0.0.1:{port}", "rest": url, "folder": str(folder), "pid": str(process.pid)}
