"""One journal in the hands of one shipper: its channels, what is free on its disk, and its end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from trackbridge.errors import ConfigurationError, NotFound, TrackbridgeError
from trackbridge.journal import JournalReader, bytes_used, discard, is_alive, read_identity, try_lock
from trackbridge.records.log import LoggedArtifact
from trackbridge.records.models import ModelVersion
from trackbridge.redaction import redacted_logger
from trackbridge.shipping.board import Board
from trackbridge.shipping.channel import Channel, Connection
from trackbridge.shipping.delivery import Delivery
from trackbridge.shipping.waybill import Destination, Waybill

__all__ = ["Connector", "Consignment", "dead_letters"]

Connector = Callable[[Waybill, Destination], Connection]

_LOGGER: Final = redacted_logger("trackbridge")
_LOCK_FILE: Final = "shipper.lock"
_RECLAIM_EVERY_S: Final = 0.5


def dead_letters(root: Path) -> Path:
    """Give the folder of dead letters of a journal root: one file a journal, which outlives it."""
    return root / "dead-letters"


class Consignment:
    """A journal that this process delivers, and no other does until it lets go.

    Attributes:
        directory: The journal's.
        waybill: What goes where.
        channels: One a backend.
    """

    def __init__(self, directory: Path, connector: Connector, lock: int) -> None:
        self.directory = directory
        identity = read_identity(directory)
        self.waybill = Waybill.of(identity)
        self._lock = lock
        self._board = Board(directory)
        self._reader = JournalReader(directory)
        self._guard = threading.Lock()
        self._artifacts: Counter[Path] = Counter()
        self._reclaim_at = 0.0
        self._open = True
        letters = dead_letters(directory.parent.parent) / f"{identity.run}.{identity.writer}.jsonl"
        here = identity.pid == os.getpid()
        self.channels = tuple(
            Channel(
                directory,
                place,
                self.waybill,
                connection=connector(self.waybill, each),
                board=self._board,
                letters=letters,
            )
            for place, each in enumerate(self.waybill.destinations)
            if here or not each.in_process  # what lived in a process died with it
        )
        _living.add(self)

    @classmethod
    def take(cls, directory: Path, connector: Connector) -> Self | None:
        """Take a journal on; None where another shipper has it, or it is gone.

        Raises:
            ConfigurationError: a later version wrote it, or the directory cannot be written to.
            IntegrityError: nothing says where it goes.
            NotFound: there is no journal.
        """
        read_identity(directory)
        try:
            lock = os.open(directory / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(
                f"the journal {directory} cannot be delivered from where it lies: {error.strerror or error}",
                remedy="Copy it to a directory that can be written to, and deliver it from there.",
            ) from error
        try:
            if try_lock(lock) is False:
                os.close(lock)
                return None
            return cls(directory, connector, lock)
        except NotFound:  # delivered and deleted meanwhile, all but the lock that we have just made
            os.close(lock)
            discard(directory)
            return None
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(lock)
            raise

    @property
    def done(self) -> bool:
        """Whether nothing is left to deliver, and nothing will follow."""
        return all(channel.done for channel in self.channels)

    @property
    def gone(self) -> bool:
        """Whether the directory was deleted under our hands."""
        return not self.directory.exists()

    def state(self) -> tuple[Delivery, ...]:
        """Give how delivery to each backend stands, as far as it was read."""
        return tuple(channel.state() for channel in self.channels)

    @property
    def seen(self) -> tuple[int, ...]:
        """Give how many slots each channel has read."""
        return tuple(channel.seen for channel in self.channels)

    def failure(self) -> TrackbridgeError | None:
        """Give the first thing that a required backend rejected."""
        failures = (channel.ledger.failure for channel in self.channels if channel.destination.required)
        return next((failure for failure in failures if failure), None)

    def version(self, token: str) -> ModelVersion | TrackbridgeError | None:
        """Give what became of a model version, None while that is open."""
        return self._board.settled(token)

    def work(self, channel: Channel, *, hurry: bool = False) -> None:
        """Let one of the channels do what it can, and free what no channel needs any more."""
        channel.work(self._free, hurry=hurry)
        now = time.monotonic()
        if now >= self._reclaim_at:
            self._reclaim_at = now + _RECLAIM_EVERY_S
            self._reclaim()

    def release(self) -> None:
        """Let go; where everything is delivered, delete the journal."""
        with self._guard:
            if not self._open:
                return
            self._open = False
        self._reader.close()
        if self.done and not is_alive(self.directory):
            discard(self.directory)
        os.close(self._lock)

    def leave_to_parent(self) -> None:
        """Forget the lock in a process that was just forked."""
        if self._open:
            self._open = False
            os.close(self._lock)

    def _free(self, artifact: LoggedArtifact) -> None:
        """Delete a staged file that every channel has delivered."""
        if artifact.staged:
            with self._guard:
                self._artifacts[artifact.source] += 1
                last = self._artifacts[artifact.source] == len(self.channels)
            if last:
                artifact.source.unlink(missing_ok=True)

    def _reclaim(self) -> None:
        """Delete the segments that all channels have behind them, as their cursors on the disk say.

        Beyond its quota a backend that is not required holds none back.
        """
        with self._guard:
            if self._open:
                try:
                    held = bytes_used(self.directory) <= self.waybill.optional_bytes
                    self._reader.reclaim(
                        channel.saved for channel in self.channels if held or channel.destination.required
                    )
                except OSError as error:
                    _LOGGER.debug("segments of %s could not be deleted: %s", self.directory, error)


_living: weakref.WeakSet[Consignment] = weakref.WeakSet()


def _after_fork() -> None:
    for consignment in list(_living):
        consignment.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
