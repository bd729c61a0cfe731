"""Model versions of one journal on their way: what the first backend said is kept for the others, and for a restart."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from trackbridge import errors
from trackbridge.errors import TrackbridgeError
from trackbridge.records.models import ModelVersion
from trackbridge.redaction import redacted_logger
from trackbridge.shipping.versions import Ticket

__all__ = ["Board"]

_LOGGER: Final = redacted_logger("trackbridge")


class Board:
    """The tickets of one journal; thread-safe."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._tickets: dict[str, Ticket] = {}

    def ticket(self, token: str) -> Ticket:
        """Give the ticket of a version, settled if it was so before a restart."""
        with self._lock:
            if token not in self._tickets:
                self._tickets[token] = self._load(token)
            return self._tickets[token]

    def keep(self, token: str) -> None:
        """Write down what became of a version; without that, the same answer is asked for again."""
        ticket = self.ticket(token)
        answer: dict[str, Any]
        if ticket.version is not None:
            answer = {"version": asdict(ticket.version)}
        elif ticket.error is not None:
            error = ticket.error
            answer = {"error": [type(error).__name__, error.message, error.clause, error.remedy]}
        else:
            return
        path = self._path(token)
        draft = path.with_name(f"{path.name}.new")
        try:
            draft.write_text(json.dumps(answer))
            draft.replace(path)
        except OSError as error:
            _LOGGER.debug("the answer for a model version could not be kept in %s: %s", path, error)

    def settled(self, token: str) -> ModelVersion | TrackbridgeError | None:
        """Give what became of a version, None while that is open."""
        ticket = self.ticket(token)
        return (ticket.version or ticket.error) if ticket.settled.is_set() else None

    def _load(self, token: str) -> Ticket:
        ticket = Ticket()
        try:
            answer = json.loads(self._path(token).read_bytes())
            if "version" in answer:
                ticket.give(ModelVersion(**answer["version"]))
            else:
                kind, message, clause, remedy = answer["error"]
                ticket.fail(getattr(errors, kind)(message, clause=clause, remedy=remedy))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Ticket()  # not answered yet, or not readable: asking again is harmless
        return ticket

    def _path(self, token: str) -> Path:
        return self._directory / f"{token}.version"
