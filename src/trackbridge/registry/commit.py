"""Writes to a trail: an optimistic loop around *create entry n if absent* (G5)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from trackbridge.errors import TrackbridgeError, Transient
from trackbridge.protocol import RegistryStore
from trackbridge.records.names import shown
from trackbridge.records.times import now_ms
from trackbridge.records.trail import TrailEntry, encode_entry, entry_hash
from trackbridge.redaction import redacted_logger
from trackbridge.registry.chain import Chain
from trackbridge.registry.state import ModelState, read_state

__all__ = ["OUTSIDER", "Author", "Proposal", "commit", "settle"]

OUTSIDER: Final = "outside trackbridge"
_ATTEMPTS: Final = 100
_FIRST_PAUSE_S: Final = 0.005
_LONGEST_PAUSE_S: Final = 0.5

_log = redacted_logger("trackbridge.registry")

Proposal = Callable[[ModelState], TrailEntry | None]


@dataclass(frozen=True, slots=True)
class Author:
    """Who acts, and why: what an entry holds beside what was done."""

    actor: str
    comment: str | None = None
    gate_digest: str | None = None
    forced: bool = False


def commit(
    store: RegistryStore, model: str, propose: Proposal, author: Author
) -> tuple[ModelState, tuple[TrailEntry, ...]]:
    """Do one act: read, propose, create the entry, and mirror it; who loses the race reads and proposes again.

    Changes that were made past the trail are recorded first, each by an entry of its own.

    Args:
        store: Where the trail is.
        model: The model's name.
        propose: Gives the entry for a state, or None where nothing is to be done; raises where it may not be done.
        author: Whose act it is.

    Returns:
        The model right after the act, or as it is where nothing was to be done; and the entries that this call created.

    Raises:
        Transient: others kept winning.
    """
    created: list[TrailEntry] = []
    for attempt in range(_ATTEMPTS):
        state = read_state(store, model)
        act = propose(state)
        if act is None:
            settle(store, model, state)
            return state, tuple(created)
        if state.outside:
            created += _adopt(store, model, state)
            continue
        entry = _sealed(state.chain, act, author)
        if store.append_entry(model, entry.n, encode_entry(entry)):
            now = read_state(store, model)
            # Without a conditional write two may believe that they created entry n; the chain knows who did.
            if now.chain.entries[entry.n : entry.n + 1] == (entry,):
                settle(store, model, now)
                return state.after(entry), (*created, entry)
        time.sleep(random.uniform(0, min(_FIRST_PAUSE_S * 2**attempt, _LONGEST_PAUSE_S)))  # noqa: S311 - jitter
    raise Transient(
        f"the trail of model {shown(model)} was taken by others {_ATTEMPTS} times",
        clause="G5",
        remedy="Try again later.",
    )


def settle(store: RegistryStore, model: str, state: ModelState) -> None:
    """Bring the backend's own fields up to the trail, also where an earlier writer died before doing so.

    The act itself is done once its entry exists: a failure here is logged, and the next writer repairs it.
    """
    try:
        while not state.settled:
            for number in state.zombies:
                store.delete_version(model, number)
            store.set_mirror(model, state.mirror())
            before, state = state, read_state(store, model)
            if state.chain.head == before.chain.head:
                return  # nobody has gone on meanwhile
    except TrackbridgeError as error:
        _log.warning("the fields of model %s are behind its trail, which holds: %s", shown(model), error)


def _adopt(store: RegistryStore, model: str, state: ModelState) -> list[TrailEntry]:
    """Record what was changed past the trail; where another writer goes first, the next reading tells what is left."""
    chain = state.chain
    created: list[TrailEntry] = []
    for change in state.outside:
        entry = _sealed(chain, change, Author(OUTSIDER))
        data = encode_entry(entry)
        if not store.append_entry(model, entry.n, data):
            break
        created.append(entry)
        chain = Chain((*chain.entries, entry), entry_hash(data))
    return created


def _sealed(chain: Chain, act: TrailEntry, author: Author) -> TrailEntry:
    return replace(
        act,
        n=len(chain.entries),
        when_ms=now_ms(),
        previous=chain.head,
        actor=author.actor,
        comment=author.comment,
        gate_digest=author.gate_digest,
        forced=author.forced,
    )
