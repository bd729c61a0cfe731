"""The training process's side of the shipper process: find it or start it, and ask it."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, Final

from trackbridge.config import BackendChoice
from trackbridge.errors import ConfigurationError, NotFound, TrackbridgeError, Transient
from trackbridge.journal import try_lock
from trackbridge.records.models import ModelVersion
from trackbridge.redaction import redacted_logger
from trackbridge.shipping.crew import Progress
from trackbridge.shipping.handshake import Handshake, Opening

__all__ = ["ADDRESS_FILE", "LOG_FILE", "RemoteCrew", "Shipper", "can_run"]

ADDRESS_FILE: Final = "shipper.json"
LOG_FILE: Final = "shipper.log"
_START_FILE: Final = "shipper.start"

_LOGGER: Final = redacted_logger("trackbridge")
_START_TIMEOUT_S: Final = 30.0
_IMPORT_TIMEOUT_S: Final = 120.0  # of a vendor's SDK, which connect_timeout_s does not count
_ANSWER_S: Final = 10.0  # beyond what was asked for, until a shipper that says nothing is given up
_POLL_S: Final = 0.01


def can_run() -> bool:
    """Tell whether this system has what a shipper process needs: local sockets and file locks."""
    import socket

    try:
        import fcntl
    except ImportError:
        return False
    return hasattr(socket, "AF_UNIX") and hasattr(fcntl, "flock")


class Shipper:
    """The shipper process of a journal root; every question opens a connection of its own, so that forks are safe.

    Args:
        root: The journal root.
        python: The interpreter that it runs on.
    """

    def __init__(self, root: Path, python: str = "") -> None:
        self._root = root
        self._python = python or sys.executable

    def shake_hands(
        self, choices: Sequence[BackendChoice], opening: Opening, *, timeout_s: float, tolerant: bool
    ) -> Handshake:
        """See `trackbridge.shipping.handshake.shake_hands`."""
        answer = self._ask(
            "shake_hands", tuple(choices), opening, timeout_s, tolerant, within_s=timeout_s + _IMPORT_TIMEOUT_S
        )
        assert isinstance(answer, Handshake)
        return answer

    def take_on(self, directory: Path) -> RemoteCrew:
        """Let it deliver a journal."""
        crew = RemoteCrew(self, directory)
        with contextlib.suppress(NotFound, Transient):  # it looks for new journals by itself
            self.ask("take_on", directory)
        return crew

    def ask(self, question: str, *values: Any, timeout_s: float = 0.0) -> Any:
        """Put a question; one that dies over it is replaced, and asked again.

        Raises:
            Transient: none could be reached within `timeout_s` and a little.
            TrackbridgeError: the answer.
        """
        return self._ask(question, *values, within_s=timeout_s + _ANSWER_S)

    def _ask(self, question: str, *values: Any, within_s: float) -> Any:
        deadline = time.monotonic() + within_s
        while True:
            try:
                kind, answer = self._once(question, values, deadline)
            except (OSError, EOFError) as error:
                if time.monotonic() >= deadline:
                    raise Transient(
                        f"the shipper process of {self._root} does not answer: {error}",
                        remedy=f"See {self._root / LOG_FILE}; trackbridge sync delivers without it.",
                    ) from error
                time.sleep(_POLL_S)
                continue
            if kind == "raised":
                raise answer
            return answer

    def _once(self, question: str, values: Sequence[Any], deadline: float) -> tuple[str, Any]:
        with self._connected() as connection:
            connection.send((question, values))
            if not connection.poll(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("no answer in time")
            kind, answer = connection.recv()
            return kind, answer

    def _connected(self) -> Connection[Any, Any]:
        return self._reach() or self._start()

    def _reach(self) -> Connection[Any, Any] | None:
        """Connect to a living shipper."""
        try:
            held = json.loads((self._root / ADDRESS_FILE).read_bytes())
            return Client(str(held["address"]), family="AF_UNIX")
        except (OSError, ValueError, KeyError):
            return None

    def _start(self) -> Connection[Any, Any]:
        """Start one, unless somebody else is at it, and connect to it."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        lock = os.open(self._root / _START_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while try_lock(lock) is False:
                if time.monotonic() >= deadline:
                    raise TimeoutError("another process is starting it, and does not come to an end")
                time.sleep(_POLL_S)
            process: subprocess.Popen[bytes] | None = None
            while (connection := self._reach()) is None:
                code = None if process is None else process.poll()
                if code or time.monotonic() >= deadline:
                    raise ConfigurationError(
                        f"the shipper process could not be started with {self._python}",
                        remedy=f'See {self._root / LOG_FILE}, or set shipper to "thread".',
                    )
                if process is None or code == 0:  # one that finds another still leaving goes at once
                    process = self._spawn()
                time.sleep(_POLL_S)
            return connection
        finally:
            os.close(lock)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [self._python, "-m", "trackbridge.shipping.service", str(self._root)]
        with (self._root / LOG_FILE).open("ab") as log:
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=self._root
                )
            except OSError as error:
                raise ConfigurationError(
                    f"the shipper process cannot be started with {self._python}: {error.strerror or error}",
                    remedy='Set python to an interpreter that has trackbridge, or shipper to "thread".',
                ) from error
        _leave_running(process)
        return process


class RemoteCrew:
    """A crew in the shipper process. What it cannot say because it is gone is said by the next one."""

    def __init__(self, shipper: Shipper, directory: Path) -> None:
        self._shipper = shipper
        self._directory = directory
        self._failure: TrackbridgeError | None = None
        self._failure_at = 0.0
        self._progress = Progress((), ())

    def flush(self, timeout_s: float) -> None:
        """See `Crew.flush`."""
        self._wait("flush", timeout_s)

    def close(self, timeout_s: float) -> None:
        """See `Crew.close`."""
        self._wait("settle", timeout_s)

    def progress(self) -> Progress:
        """See `Crew.progress`."""
        with contextlib.suppress(NotFound, Transient):
            self._progress = self._shipper.ask("progress", self._directory)
        return self._progress

    def failure(self) -> TrackbridgeError | None:
        """See `Crew.failure`; asked at most twice a second, for a strict run asks with every record."""
        now = time.monotonic()
        if self._failure is None and now >= self._failure_at:
            self._failure_at = now + 0.5
            with contextlib.suppress(NotFound, Transient):
                self._failure = self._shipper.ask("failure", self._directory)
        return self._failure

    def version(self, token: str) -> ModelVersion | TrackbridgeError | None:
        """See `Crew.version`."""
        try:
            answer: ModelVersion | TrackbridgeError | None = self._shipper.ask("version", self._directory, token)
        except (NotFound, Transient):
            return None
        return answer

    def _wait(self, question: str, timeout_s: float) -> None:
        try:
            self._shipper.ask(question, self._directory, timeout_s, timeout_s=timeout_s)
        except (NotFound, Transient) as error:
            _LOGGER.warning("%s", error)


_running: list[subprocess.Popen[bytes]] = []


def _leave_running(process: subprocess.Popen[bytes]) -> None:
    """Keep the handle of a process that is meant to outlive us; those that ended are let go, so that none is a zombie."""
    if not _running:
        atexit.register(_let_live)
    _running[:] = [each for each in _running if each.poll() is None]
    _running.append(process)


def _let_live() -> None:
    """Keep `subprocess` from warning at the end that they still run: they are meant to."""
    for process in _running:
        process.returncode = process.poll() or 0
