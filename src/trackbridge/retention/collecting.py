"""Carries decisions out, one run at a time; each is looked at again right before it goes.

A process that dies in between has deleted whole runs only, or none. A run that is archived is deleted once its copy has been
read back, every point and every byte, and has not changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Literal

from trackbridge.errors import Conflict, NotFound, TrackbridgeError
from trackbridge.migration import Outcome, Side, Threads
from trackbridge.migration.marks import native_seen
from trackbridge.retention.planning import Decision, kept_by
from trackbridge.retention.rules import Retention
from trackbridge.store import Store

__all__ = ["Done", "archive_runs", "collect"]

_WORKERS: Final = 4


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one run: it is deleted, freed for good, kept after all, or something failed."""

    decision: Decision
    what: Literal["deleted", "purged", "kept", "failed"]
    why: str = ""


def collect(
    store: Store, decisions: Iterable[Decision], retention: Retention, *, purge: bool = False
) -> Iterator[Done]:
    """Delete the runs that go, in the order given.

    Args:
        store: The backend.
        decisions: What `decide` gave.
        retention: What holds a run, looked at again.
        purge: Free what they take, physically and for good; otherwise they can be restored (R7).
    """
    for decision in decisions:
        if decision.verdict == "goes":
            yield _collected(store, decision, retention, purge=purge)


def archive_runs(
    store: Store, target: Store, decisions: Iterable[Decision], retention: Retention, *, purge: bool = False
) -> Iterator[Done]:
    """Copy the runs that go, parents first, and delete each, children first, whose copy is proven equal.

    Args:
        store: The backend.
        target: Where they go.
        decisions: What `decide` gave.
        retention: What holds a run, looked at again.
        purge: As for `collect`.
    """
    going = [decision for decision in decisions if decision.verdict == "goes"]
    copies: dict[str, Outcome] = {}
    with closing(Threads(Side.of(store), Side.of(target), verify="full", workers=_WORKERS)) as engine:
        for outcome in engine.carry([decision.run for decision in reversed(going)]):
            copies[outcome.id] = outcome
    source = Side.of(store)
    for decision in going:
        reason = _unproven(source, decision, copies.get(decision.run))
        yield Done(decision, "failed", reason) if reason else _collected(store, decision, retention, purge=purge)


def _unproven(source: Side, decision: Decision, copy: Outcome | None) -> str | None:
    """Say why the copy does not stand for the run; None where it does."""
    if copy is None or copy.failure is not None:
        return copy.failure.message if copy and copy.failure else "it was not copied"
    if copy.verdict != "equal":
        return f"its copy differs in {len(copy.differences)} values"
    try:
        native = source.look(decision.run)
    except TrackbridgeError as error:
        return error.message
    if native is None or native_seen(native) != copy.seen:
        return "it has changed since it was copied; the next time brings the change over"
    return None


def _collected(store: Store, decision: Decision, retention: Retention, *, purge: bool) -> Done:
    try:
        if not decision.deleted:
            if hold := kept_by(store.backend, store.runs.get(decision.run), retention):
                return Done(decision, "kept", hold)
            store.runs.delete(decision.run)
        if purge:
            store.runs.purge(decision.run)
            return Done(decision, "purged")
    except (Conflict, NotFound) as error:  # needed after all, or somebody else was faster
        return Done(decision, "kept", error.message)
    except TrackbridgeError as error:
        return Done(decision, "failed", error.message)
    return Done(decision, "deleted")
