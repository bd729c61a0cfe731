"""The shipper process: one per host and journal root, which delivers every journal there.

It runs as ``python -m trackbridge.shipping.service ROOT``, started by whoever needs it first, in a session of its own:
what ends the training process does not end it. It leaves when nothing is left to do.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any, Final

from trackbridge.config import BackendChoice
from trackbridge.errors import NotFound, TrackbridgeError, Transient
from trackbridge.journal import find_journals, is_alive, read_identity, try_lock
from trackbridge.records.models import ModelVersion
from trackbridge.redaction import REDACTING, redacted_logger
from trackbridge.shipping.backends import lease
from trackbridge.shipping.client import ADDRESS_FILE
from trackbridge.shipping.crew import Progress, ThreadCrew
from trackbridge.shipping.handshake import Handshake, Opening, shake_hands
from trackbridge.shipping.hosts import take_on
from trackbridge.shipping.waybill import Waybill

__all__ = ["Service", "main"]

_LOGGER: Final = redacted_logger("trackbridge.shipper")
_LOCK_FILE: Final = "shipper.lock"
_SCAN_EVERY_S: Final = 1.0
_IDLE_S: Final = 10.0  # how long it waits for the next run
_HOPELESS_S: Final = 600.0  # how long it tries to deliver what only the dead have left
_MOST_SOCKET_PATH: Final = 100  # bytes; the kernel takes 108 with the final zero, some take 104
_REMEMBERED_S: Final = 60.0  # how long the crew of a journal that is delivered answers questions


class Service:
    """Answers questions, each on a thread of its own, and looks for journals.

    Args:
        root: The journal root.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._crews: dict[Path, ThreadCrew] = {}
        self._over: dict[Path, float] = {}
        self._kept: set[str] = set()
        self._asking = 0
        self._busy_at = self._hopeful_at = time.monotonic()
        self._answers: Mapping[str, Callable[..., Any]] = {
            "hello": lambda: None,
            "shake_hands": self.shake_hands,
            "take_on": self.take_on,
            "flush": self.flush,
            "settle": self.settle,
            "progress": self.progress,
            "failure": self.failure,
            "version": self.version,
        }

    # What can be asked

    def shake_hands(
        self, choices: Sequence[BackendChoice], opening: Opening, timeout_s: float, tolerant: bool
    ) -> Handshake:
        """Open a run; the backends stay open for the next one."""
        met = shake_hands(choices, opening, timeout_s=timeout_s, tolerant=tolerant)
        for choice in choices:
            if choice.url not in self._kept:
                self._kept.add(choice.url)
                lease(choice)
        return met

    def take_on(self, directory: Path) -> None:
        """Deliver a journal from now on."""
        self._crew(directory)

    def flush(self, directory: Path, timeout_s: float) -> None:
        """Deliver what is there, to the required backends, for at most `timeout_s`."""
        self._crew(directory).flush(timeout_s)

    def settle(self, directory: Path, timeout_s: float) -> None:
        """Deliver all of a journal whose writer has closed it, for at most `timeout_s`; go on afterwards."""
        self._crew(directory).settle(timeout_s)

    def progress(self, directory: Path) -> Progress:
        """Say how delivery stands."""
        return self._crew(directory).progress()

    def failure(self, directory: Path) -> TrackbridgeError | None:
        """Give the first thing that a required backend rejected."""
        return self._crew(directory).failure()

    def version(self, directory: Path, token: str) -> ModelVersion | TrackbridgeError | None:
        """Give what became of a model version."""
        return self._crew(directory).version(token)

    # The process

    def serve(self) -> None:
        """Serve until nothing is left to do, or the journal root is gone."""
        with Listener(self._socket(), family="AF_UNIX", backlog=128) as listener:
            self._announce(str(listener.address))
            threading.Thread(target=self._accept, args=(listener,), name="trackbridge-listen", daemon=True).start()
            while self._root.exists() and not self._idle():
                self._scan()
                time.sleep(_SCAN_EVERY_S)
            # Whoever asks from here on is refused, and starts the next one.
            (self._root / ADDRESS_FILE).unlink(missing_ok=True)
        for crew in list(self._crews.values()):
            crew.stop()

    def _socket(self) -> str:
        """Give where to listen: in the root, unless its path is too long for a socket."""
        near = self._root / "shipper.sock"
        if len(os.fsencode(near)) <= _MOST_SOCKET_PATH:
            near.unlink(missing_ok=True)
            return str(near)
        name = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:16]
        return str(Path(tempfile.mkdtemp(prefix=f"trackbridge-{name}-"), "socket"))

    def _announce(self, address: str) -> None:
        path = self._root / ADDRESS_FILE
        draft = path.with_name(f"{path.name}.new")
        draft.write_text(json.dumps({"address": address, "pid": os.getpid()}))
        draft.replace(path)

    def _accept(self, listener: Listener) -> None:
        while True:
            try:
                connection = listener.accept()
            except OSError:
                return  # closed: the process is leaving
            threading.Thread(target=self._answer, args=(connection,), name="trackbridge-answer", daemon=True).start()

    def _answer(self, connection: Connection[Any, Any]) -> None:
        with self._lock:
            self._asking += 1
        try:
            with connection:
                question, values = connection.recv()
                if question != "hello":
                    self._busy_at = time.monotonic()
                connection.send(self._answered(question, values))
        except (OSError, EOFError) as error:
            _LOGGER.debug("nobody waits for the answer: %s", error)
        finally:
            with self._lock:
                self._asking -= 1

    def _answered(self, question: str, values: Sequence[Any]) -> tuple[str, Any]:
        try:
            return "returned", self._answers[question](*values)
        except TrackbridgeError as error:
            return "raised", error
        except Exception as error:
            _LOGGER.exception("the question %s failed", question)
            return "raised", Transient(f"the shipper failed: {type(error).__name__}: {error}", clause="X2")

    def _crew(self, directory: Path) -> ThreadCrew:
        with self._lock:
            crew = self._crews.get(directory)
            if crew is None or (crew.over and directory.exists()):
                taken = take_on(directory, inline=False)
                if not isinstance(taken, ThreadCrew):
                    raise NotFound(f"there is no journal in {directory}, or another process delivers it")
                crew = self._crews[directory] = taken
            self._over.pop(directory, None)
            return crew

    def _scan(self) -> None:
        """Take on what was found, and forget what is long delivered."""
        now = time.monotonic()
        for directory in find_journals(self._root):
            if directory in self._crews and not self._crews[directory].over:
                continue
            try:
                mine = Waybill.of(read_identity(directory)).host == "process"
                if mine or not is_alive(directory):
                    self._crew(directory)
            except NotFound:
                continue
            except TrackbridgeError as error:
                _LOGGER.warning("the journal %s is left alone: %s", directory, error)
        with self._lock:
            for directory, crew in list(self._crews.items()):
                if crew.over and now - self._over.setdefault(directory, now) > _REMEMBERED_S:
                    del self._crews[directory], self._over[directory]

    def _idle(self) -> bool:
        now = time.monotonic()
        with self._lock:
            at_work = [directory for directory, crew in self._crews.items() if not crew.over]
            if at_work or self._asking:
                self._busy_at = now
            if not at_work or any(is_alive(directory) for directory in at_work):
                self._hopeful_at = now
            return now - self._busy_at > _IDLE_S or now - self._hopeful_at > _HOPELESS_S


def main(arguments: Sequence[str]) -> int:
    """Serve a journal root, unless another process does."""
    (root,) = map(Path, arguments)
    lock = os.open(root / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if try_lock(lock) is False:
        return 0
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(REDACTING)  # vendors' SDKs log here as well
    _LOGGER.info("serving %s", root)
    Service(root).serve()
    _LOGGER.info("leaving %s", root)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
