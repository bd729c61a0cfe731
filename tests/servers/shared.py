"""One server for all workers of a test session."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervise.py")
START_S = 120.0
# What a worker started and others may still use: its supervisor ends it, and nobody here may take it for forgotten.
_LEFT_RUNNING: list[subprocess.Popen[bytes]] = []


class Services:
    """Starts each service once, whichever worker asks first, and remembers what it answered.

    `folder` is the same for all workers of a session. What was started ends with the session's main process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def once(self, name: str, start: Callable[[Path], Mapping[str, str]]) -> dict[str, str]:
        """Give what `start(folder of its own)` returned, here or in another worker."""
        answer = self._folder / f"{name}.json"
        with self._alone(name):
            if not answer.exists():
                own = self._folder / name
                own.mkdir(parents=True, exist_ok=True)
                answer.write_text(json.dumps(dict(start(own))))
            return json.loads(answer.read_text())

    def spawn(self, command: list[str], log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start a command under the supervisor."""
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, str(SUPERVISOR), str(session_pid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(env or {})},
            )
        self._started.append(process)
        return process

    def kill(self, pid: int) -> None:
        """End one of the commands that this process spawned at once, as a crash would."""
        (process,) = [process for process in self._started if process.pid == pid]
        process.send_signal(signal.SIGUSR1)  # the supervisor's own SIGKILL would leave the server running
        process.wait()

    def stop(self) -> None:
        """End what this process started, unless other workers of the session may still need it."""
        if "PYTEST_XDIST_WORKER" in os.environ:
            _LEFT_RUNNING.extend(self._started)
            return
        for process in reversed(self._started):
            process.terminate()
            process.wait()

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def session_pid() -> int:
    """Give the process that a session's servers live as long as: pytest's, or its controller's under xdist."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until `url` answers anything below 500; fail with the log's end where the process dies or takes too long."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.2)
    process.terminate()
    raise RuntimeError(f"{url} did not come up:\n{log.read_text(errors='replace')[-3000:]}")
