"""Runs a command for as long as another process lives: ``python supervise.py PID COMMAND…``.

The test session may die in any way; what it started must not outlive it. So each server runs under this process, which
watches the session's process id, and ends the server's whole process group when that is gone or when it is told to:
politely, or at once by SIGUSR1.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

POLL_S = 0.3
GRACE_S = 10.0


def main(watched: int, command: list[str]) -> int:
    server = subprocess.Popen(command, start_new_session=True)
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, lambda number, _frame: told.append(number))
    while server.poll() is None and not told and alive(watched):
        time.sleep(POLL_S)
    end(server, politely=signal.SIGUSR1 not in told)
    return server.returncode


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end(server: subprocess.Popen[bytes], *, politely: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL) if politely else (signal.SIGKILL,):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:
            break
        try:
            server.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            continue
    server.wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
