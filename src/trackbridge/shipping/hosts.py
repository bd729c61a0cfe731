"""Hosts in the writer's own process: journals are taken on, worked by a crew, and let go."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

from trackbridge.config import BackendChoice
from trackbridge.errors import TrackbridgeError
from trackbridge.journal import find_journals, is_alive
from trackbridge.protocol import Backend
from trackbridge.redaction import redacted_logger
from trackbridge.shipping.backends import lease, release
from trackbridge.shipping.channel import Connection
from trackbridge.shipping.consignment import Consignment
from trackbridge.shipping.crew import Crew, InlineCrew, ThreadCrew
from trackbridge.shipping.handshake import open_run
from trackbridge.shipping.waybill import Destination, Waybill

__all__ = ["adopt", "connection_to", "take_on"]

_LOGGER: Final = redacted_logger("trackbridge")


def connection_to(waybill: Waybill, destination: Destination) -> Connection:
    """Make the way to a destination; nothing is contacted before it is used."""
    choice = BackendChoice(destination.name, destination.url, destination.required, Path("/"))
    held: list[Backend] = []

    def connect() -> Backend:
        if not held:
            fresh = lease(choice)
            try:
                if not destination.opened:
                    open_run(fresh, waybill)
            except BaseException:
                release(fresh)
                raise
            held.append(fresh)
        return held[0]

    def disconnect() -> None:
        while held:
            release(held.pop())

    return Connection(connect, disconnect)


def take_on(directory: Path, *, inline: bool) -> Crew | None:
    """Begin to deliver a journal in this process; None where another process does."""
    consignment = Consignment.take(directory, connection_to)
    if consignment is None:
        return None
    return InlineCrew(consignment) if inline else ThreadCrew(consignment)


def adopt(root: Path) -> None:
    """Deliver, beside what this process does, the journals of processes that are gone."""
    for directory in find_journals(root):
        with _lock:
            for held in [path for path, crew in _adopted.items() if crew.over]:
                del _adopted[held]
            if directory in _adopted or is_alive(directory):
                continue
            try:
                crew = take_on(directory, inline=False)
            except TrackbridgeError as error:
                _LOGGER.warning("the journal %s is left alone: %s", directory, error)
                continue
            if isinstance(crew, ThreadCrew):
                _adopted[directory] = crew


_lock = threading.Lock()
_adopted: dict[Path, ThreadCrew] = {}


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    _adopted.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
