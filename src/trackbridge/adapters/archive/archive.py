"""An archive as its families share it: its place, its format, and the logs that are open."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from trackbridge.adapters.archive.log import Kind, Log
from trackbridge.adapters.archive.places import MARKER
from trackbridge.adapters.archive.tables import FORMAT_VERSION
from trackbridge.adapters.archive.vault import Vault
from trackbridge.errors import ConfigurationError, IntegrityError

__all__ = ["Archive", "Logs"]

State = TypeVar("State")

_OPEN: Final = 1_024
_COMMITS: Final = 64


class Archive:
    """The place of an archive, looked at once before it is used.

    Attributes:
        vault: Where its files lie.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._lock = threading.Lock()
        self._marked = False

    @property
    def vault(self) -> Vault:
        """The files, once it is known that they are of a format that this version reads."""
        if not self._marked:
            with self._lock:
                self._marked = self._read_marker()
        return self._vault

    def begin(self) -> Vault:
        """Give the files for writing; an archive that is not there yet comes to be.

        Raises:
            ConfigurationError: the store does not refuse to create a file that is there, without which two writers
                could destroy each other's commits.
        """
        vault = self.vault
        if not self._marked:
            with self._lock:
                vault.create(MARKER, _MARK)
                if vault.create(MARKER, _MARK):
                    raise ConfigurationError(
                        f"{vault.shown(MARKER)} was created twice: the store ignores conditional writes",
                        clause="G5",
                        remedy="Use a store with If-None-Match or its like.",
                    )
                self._marked = self._read_marker()
        return vault

    def _read_marker(self) -> bool:
        try:
            data = self._vault.read(MARKER)
        except FileNotFoundError:
            return False
        shown = self._vault.shown(MARKER)
        try:
            mark = json.loads(data)
            version = mark["version"] if mark["format"] == "trackbridge-archive" else None
        except (ValueError, KeyError, TypeError):
            version = None
        if not isinstance(version, int):
            raise IntegrityError(
                f"{shown} is damaged or of another program", clause="X1", remedy="Restore the file from a copy."
            )
        if version > FORMAT_VERSION:
            raise ConfigurationError(
                f"{shown} says format {version}, and this trackbridge knows up to {FORMAT_VERSION}",
                remedy="Install a newer trackbridge.",
            )
        return True


_MARK: Final = json.dumps({"format": "trackbridge-archive", "version": FORMAT_VERSION}).encode()


class Logs(Generic[State]):
    """The logs of one family, the latest used kept open; tables are made when one is left.

    Args:
        archive: The archive.
        kind: What the logs are about.
        fold: Writes the tables of a log, and snapshots it; it is called with the log's lock held.
    """

    def __init__(self, archive: Archive, kind: Kind[State], fold: Callable[[Log[State]], None]) -> None:
        self._archive = archive
        self._kind = kind
        self._fold = fold
        self._open: OrderedDict[str, Log[State]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, folder: str) -> Log[State]:
        """Give the log of an entity."""
        left = None
        with self._lock:
            log = self._open.get(folder)
            if log is None:
                log = self._open[folder] = Log(self._archive.vault, folder, self._kind)
                if len(self._open) > _OPEN:
                    _, left = self._open.popitem(last=False)
            self._open.move_to_end(folder)
        if left is not None:
            self._leave(left)
        return log

    def append(self, folder: str, decide: Callable[[State], tuple[Any, Any]]) -> Any:
        """Commit to the log of an entity; its tables are made anew when it has grown by half, and by 64 at least."""
        self._archive.begin()
        log = self.of(folder)
        with log.lock:
            answer = log.append(decide)
            if log.loose >= max(_COMMITS, log.last // 2):
                self.fold(log)
        return answer

    def fold(self, log: Log[State]) -> None:
        """Make the tables of a log anew."""
        with log.lock:
            self._fold(log)

    def forget(self, folder: str) -> None:
        """Let go of a log without a last word: its entity is gone."""
        with self._lock:
            self._open.pop(folder, None)

    def close(self) -> None:
        """Make the tables of all that this process changed."""
        with self._lock:
            logs, self._open = list(self._open.values()), OrderedDict()
        for log in logs:
            self._leave(log)

    def _leave(self, log: Log[State]) -> None:
        with log.lock:
            if log.dirty:
                self._fold(log)
