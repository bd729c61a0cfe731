"""The log of one entity: numbered commits in one order for all writers, folded into a state.

A commit is created only if its number is free, which makes each a compare-and-swap. A snapshot holds the state after
some number of commits; those that it covers are then removed. Their numbers are free again, so a writer that was slow
looks for a snapshot after each commit: where one covers the number and does not know the commit's token, the commit
counts for nothing. A reader looks again after it has read commits, for the same reason.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final, Generic, Protocol, TypeVar

from trackbridge.adapters.archive.sealing import seal, unseal
from trackbridge.adapters.archive.vault import Vault
from trackbridge.errors import IntegrityError, Transient

__all__ = ["Commit", "Kind", "Log"]

State = TypeVar("State")
Answer = TypeVar("Answer")
Commit = Mapping[str, Any]

_LOOKS: Final = 20
_CLASHES: Final = 1_000
_TOKENS: Final = 256  # a commit that its writer is still asking about is among the latest of a snapshot
_COMMIT = re.compile(r"(\d{8})\.json")
_SNAPSHOT = re.compile(r"(\d{8})-[0-9a-f]{32}\.snapshot\.json")


class Kind(Protocol[State]):
    """What a log is about."""

    def fresh(self) -> State:
        """Give the state before the first commit."""

    def apply(self, state: State, commit: Commit) -> None:
        """Change the state by a commit."""

    def encode(self, state: State) -> dict[str, Any]:
        """Give the state as JSON for a snapshot."""

    def decode(self, form: Mapping[str, Any]) -> State:
        """Give it back."""


class _Listing:
    """What lies in a log's folder now."""

    def __init__(self, names: Mapping[str, int]) -> None:
        self.commits = sorted(int(match[1]) for name in names if (match := _COMMIT.fullmatch(name)))
        self.snapshots = sorted(name for name in names if _SNAPSHOT.fullmatch(name))

    @property
    def covered(self) -> int:
        """The last commit that a snapshot covers; 0 for none."""
        return int(self.snapshots[-1][:8]) if self.snapshots else 0

    @property
    def last(self) -> int:
        """The last commit."""
        return max(self.covered, self.commits[-1] if self.commits else 0)


class Log(Generic[State]):
    """The log in ``FOLDER/log``; `lock` is held while its `state` is looked at.

    Attributes:
        state: The fold, as of the last `refresh`.
        last: The number of the last commit folded.
        loose: How many of the commits no snapshot covers.
        dirty: Whether this process made a commit that no snapshot of its own covers.
    """

    def __init__(self, vault: Vault, folder: str, kind: Kind[State]) -> None:
        self.vault = vault
        self.folder = folder
        self.lock = threading.RLock()
        self.state = kind.fresh()
        self.last = 0
        self.dirty = False
        self._covered = 0
        self._tokens: deque[str] = deque(maxlen=_TOKENS)
        self._kind = kind

    @property
    def loose(self) -> int:
        """How many commits no snapshot covers, as far as this process knows."""
        return self.last - self._covered

    def refresh(self) -> State:
        """Fold what was committed since; give the state.

        Raises:
            IntegrityError: a commit is damaged, or one is missing between others.
        """
        with self.lock:
            missing = ""
            for _ in range(_LOOKS):
                try:
                    missing = self._catch_up(self._look())
                except FileNotFoundError as error:
                    missing = str(error)  # a snapshot took its place just now, unless the next looks find the same
                if not missing:
                    return self.state
            raise IntegrityError(
                f"the archive is incomplete: {missing} is missing",
                clause="X1",
                remedy="Restore the file from a copy of the archive.",
            )

    def append(self, decide: Callable[[State], tuple[Commit | None, Answer]]) -> Answer:
        """Commit what `decide` makes of the present state, in one step with it; None commits nothing.

        `decide` may be asked more than once, and raises what the caller is to get.
        """
        with self.lock:
            for _ in range(_CLASHES):
                commit, answer = decide(self.refresh())
                if commit is None:
                    return answer
                if self._commit(commit):
                    return answer
        raise Transient(f"{self.vault.shown(self.folder)} is written by too many at once", clause="R8")

    def snapshot(self) -> None:
        """Keep the present state in one file and remove the commits that it covers; call it with the lock held."""
        data = seal({"last": self.last, "state": self._kind.encode(self.state), "tokens": list(self._tokens)})
        name = f"{self.last:08}-{uuid.uuid4().hex}.snapshot.json"
        self.vault.create(self._key(name), data)
        self._covered, self.dirty = self.last, False
        listing = self._look()
        if listing.snapshots[-1] != name:
            return  # another writer's covers as much or more, and what it replaces is that writer's to remove
        for older in listing.snapshots[:-1]:
            self.vault.remove(self._key(older))
        for n in listing.commits:
            if n <= self.last:
                self.vault.remove(self._key(f"{n:08}.json"))

    def sweep(self, kept: AbstractSet[str]) -> None:
        """Remove the tables of earlier commits; call it after `snapshot`, with the lock held.

        One of this very number stays, whoever wrote it: its writer may be about to commit it.
        """
        for name in self.vault.names(self.folder):
            key = f"{self.folder}/{name}"
            if name.endswith(".parquet") and key not in kept and int(name.split("-")[1]) < self.last:
                self.vault.remove(key)

    def _commit(self, commit: Commit) -> bool:
        n, token = self.last + 1, uuid.uuid4().hex
        key = self._key(f"{n:08}.json")
        if not self.vault.create(key, seal({**commit, "n": n, "token": token})) and not self._is_mine(key, token):
            return False
        listing = self._look()
        self.dirty = True
        if listing.covered < n:
            self._fold(n, token, commit)
            return True
        self._restart(listing)
        if token in self._tokens:
            return True
        self.vault.remove(key)
        return False

    def _is_mine(self, key: str, token: str) -> bool:
        """Tell whether the commit that is in the way is ours, whose answer was lost on the way."""
        try:
            return bool(unseal(self.vault.read(key), self.vault.shown(key)).get("token") == token)
        except FileNotFoundError:
            return False

    def _catch_up(self, listing: _Listing) -> str:
        """Fold up to the last commit listed; give the name of one that is missing, if any."""
        if self.last > listing.last or self.last < listing.covered:
            self._restart(listing)
        self._covered = listing.covered
        begun = self.last
        for n in (n for n in listing.commits if n > begun):
            name = f"{self.last + 1:08}.json"
            if n != self.last + 1:
                return self.vault.shown(self._key(name))
            body = self._body(name)
            self._fold(n, body["token"], body)
        if self.last > begun and (again := self._look()).covered > begun:
            self._restart(again)
            return self._catch_up(again)
        return ""

    def _restart(self, listing: _Listing) -> None:
        self.state, self.last = self._kind.fresh(), 0
        self._tokens.clear()
        if listing.snapshots:
            body = self._body(listing.snapshots[-1])
            self.state, self.last = self._kind.decode(body["state"]), listing.covered
            self._tokens.extend(body["tokens"])
        self._covered = listing.covered

    def _fold(self, n: int, token: str, commit: Commit) -> None:
        self._kind.apply(self.state, commit)
        self.last = n
        self._tokens.append(token)

    def _look(self) -> _Listing:
        return _Listing(self.vault.names(f"{self.folder}/log"))

    def _body(self, name: str) -> dict[str, Any]:
        key = self._key(name)
        return unseal(self.vault.read(key), self.vault.shown(key))

    def _key(self, name: str) -> str:
        return f"{self.folder}/log/{name}"
