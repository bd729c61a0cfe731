"""The emulated W&B service, ``python -m emulators.wandb``: a process of its own, which can be killed and started again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from servers.shared import Services, free_port, wait_for

TESTS = Path(__file__).parents[1]


def start(
    services: Services, folder: Path, *, port: int | None = None, switches: tuple[str, ...] = ()
) -> dict[str, str]:
    """Start the emulator on the data in `folder`; `switches` are its options NAME=JSON."""
    port = port or free_port()
    log = folder / "log"
    command = [sys.executable, "-m", "emulators.wandb", "--port", str(port), "--data", str(folder / "data")]
    for switch in switches:
        command += ["--switch", switch]
    path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
    process = services.spawn(command, log, {"PYTHONPATH": path})
    url = f"http://127.0.0.1:{port}"
    wait_for(url, process, log)
    return {"url": url, "folder": str(folder), "pid": str(process.pid), "port": str(port)}
