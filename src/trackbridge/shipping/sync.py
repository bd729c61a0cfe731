"""Delivering what journals hold, on demand: ``trackbridge sync``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trackbridge.errors import NotFound, TrackbridgeError
from trackbridge.journal import OWNER_FILE, is_alive
from trackbridge.shipping.crew import ThreadCrew
from trackbridge.shipping.delivery import Delivery
from trackbridge.shipping.hosts import take_on
from trackbridge.shipping.survey import journals_in

__all__ = ["Synced", "deliver"]

_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of one journal.

    Attributes:
        directory: Where it lies, or lay.
        complete: Everything is delivered, and the journal is gone.
        alive: It is still written to, so that more will follow.
        deliveries: How delivery to each backend went; empty where another process delivers it.
        error: Why it could not be delivered at all.
    """

    directory: Path
    complete: bool
    alive: bool
    deliveries: tuple[Delivery, ...] = ()
    error: str | None = None


def deliver(path: Path, *, timeout_s: float, watch: Callable[[int, int], None] | None = None) -> tuple[Synced, ...]:
    """Deliver the journals in `path`, a journal root, a folder in one or a copy of such, side by side.

    What is still written to is delivered as far as it goes; what another process delivers is waited for.

    Args:
        path: Where the journals lie.
        timeout_s: How long it may take.
        watch: Told now and then how many journals are done, of how many.
    """
    deadline = time.monotonic() + timeout_s
    directories = journals_in(path)
    found = [_Journal(directory) for directory in directories]
    while time.monotonic() < deadline and (waiting := [journal for journal in found if not journal.advance()]):
        if watch:
            watch(len(found) - len(waiting), len(found))
        time.sleep(_POLL_S)
    return tuple(_finished(found))


class _Journal:
    """One journal under way."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.over = False
        self.alive = is_alive(directory)
        self.crew: ThreadCrew | None = None
        self.error: str | None = None

    def advance(self) -> bool:
        """Take it on as soon as nobody else has it; tell whether it is over."""
        if self.over:
            return True
        try:
            if self.crew is None and self.directory.exists():
                crew = take_on(self.directory, inline=False)
                self.crew = crew if isinstance(crew, ThreadCrew) else None
                self.over = self.crew is None and self.alive  # its own process sees to it
        except NotFound:  # delivered and deleted meanwhile
            self.over = True
        except TrackbridgeError as error:
            self.error, self.over = str(error), True
        if self.crew is not None and self.alive:
            self.crew.flush(_POLL_S)
            self.over = all(channel.idle for channel in self.crew.consignment.channels)
        elif self.crew is not None:
            self.over = self.crew.over
        elif not (self.directory / OWNER_FILE).exists():
            self.over = True
        return self.over


def _finished(found: list[_Journal]) -> Iterator[Synced]:
    for journal in found:
        if journal.crew:
            journal.crew.close(0.0)
        deliveries = journal.crew.progress().deliveries if journal.crew else ()
        yield Synced(
            journal.directory,
            complete=not (journal.directory / OWNER_FILE).exists(),
            alive=is_alive(journal.directory),
            deliveries=deliveries,
            error=journal.error,
        )
