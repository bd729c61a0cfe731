"""Who writes to which of W&B's runs: one owner each, so that nothing that was written is written over.

W&B keeps a run's config as one document and its history by line number; neither has a conditional write, so that two
writers at once would take each other's changes away. Hence each of W&B's runs has one owner, a process, at a time. The
first process that writes to a run owns W&B's run of the same name; another one that comes while that is owned makes a
further run of its own, ``<id>-1`` and so on, in the same group, and readers merge them. An owner that is through lets
go, and whoever comes next goes on in the same run.

What is owned is settled by claims in the ledger, one a generation: W&B makes a run of a name once. An owner that was
killed lets nothing go. Its successor on the same machine sees that it is dead, and claims the next generation; another
machine's makes a further run, unless W&B calls the first one crashed, which it does after five minutes without a sign
of life. An owner that gave no sign for two minutes claims anew before it writes.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from trackbridge.errors import NotFound, TrackbridgeError, Transient
from trackbridge.records.metrics import MetricPoint
from trackbridge_wandb.client import Client
from trackbridge_wandb.document import OWN, Document
from trackbridge_wandb.ledger import Ledger
from trackbridge_wandb.naming import key_of
from trackbridge_wandb.process import is_dead, this_process
from trackbridge_wandb.summary import Lasts

__all__ = ["STREAM", "Stream", "Streams", "stream_name"]

STREAM: Final = "trackbridge-stream"  # the job type of further runs

_FRESH_S: Final = 120.0
_QUIET_S: Final = 1.0
_CRASHED: Final = "crashed"  # W&B's state of a running run without a sign of life for five minutes


@dataclass(slots=True)
class Stream:
    """One of W&B's runs that this process owns; used under the lock of the run that it is of.

    Attributes:
        run_id: The run that it is of.
        project: Its project.
        name: Its name, which is its id to W&B's users.
        generation: The claim that it is owned by.
        lines: How many lines its history has.
        pending: Lines that were sent, at `lines`, and may or may not have arrived.
        lasts: The last point of each of its series.
        seen_s: When it last gave a sign of life, by this process's own clock.
        brief: It is owned for one change only, as of a run that has ended, and let go with it.
        recent: Points that have arrived, or are pending, and may be written once more.
        doubtful: Offsets and lines that a dead owner's last request may still write over.
        doubtful_since_s: When that owner's stream was taken over; None where nothing is in doubt.
        recalled: What that owner had sent last is among `recent`.
    """

    run_id: str
    project: str
    name: str
    generation: int
    lines: int = 0
    pending: list[str] = field(default_factory=list)
    lasts: Lasts = field(default_factory=Lasts)
    seen_s: float = field(default_factory=time.monotonic)
    brief: bool = False
    recent: set[MetricPoint] = field(default_factory=set)
    doubtful: list[tuple[int, list[str]]] = field(default_factory=list)
    doubtful_since_s: float | None = None
    recalled: bool = False


@dataclass(slots=True)
class _Held:
    """What this process owns at one entity of one service."""

    users: int = 0
    pid: int = field(default_factory=os.getpid)
    streams: dict[str, Stream] = field(default_factory=dict)
    locks: defaultdict[str, threading.RLock] = field(default_factory=lambda: defaultdict(threading.RLock))


_HELD: Final[dict[tuple[str, str], _Held]] = {}
_HELD_LOCK: Final = threading.Lock()


class Streams:
    """The streams of one adapter; those of one process know what the others own."""

    def __init__(self, client: Client, ledger: Ledger, load: Callable[[str], list[dict[str, Any]]]) -> None:
        self._client = client
        self._ledger = ledger
        self._load = load
        self._held = self._join()

    @contextmanager
    def writing(self, run_id: str, *, brief: bool = False) -> Iterator[Stream]:
        """Own one of W&B's runs of an id; nobody else in this process uses it meanwhile.

        Args:
            run_id: The run.
            brief: To be let go after this change, unless it is owned for longer already.

        Raises:
            NotFound: there is no such run.
        """
        held = self._current()
        with held.locks[run_id]:
            stream = held.streams.get(run_id)
            if stream is not None and time.monotonic() - stream.seen_s > _FRESH_S and not self._renewed(stream):
                self._forget(stream)
                stream = None
            if stream is None:
                stream = held.streams[run_id] = self._acquired(run_id)
                stream.brief = brief
            stream.brief = stream.brief and brief
            yield stream

    def first(self, run_id: str, project: str, generation: int) -> Stream | None:
        """Own a run that was just made and says nothing yet; None where another process does."""
        held = self._current()
        with held.locks[run_id]:
            if run_id in held.streams or not self._claim(project, run_id, generation):
                return None
            stream = held.streams[run_id] = Stream(run_id, project, run_id, generation)
            return stream

    def document(self, stream: Stream) -> tuple[Document, dict[str, Any]]:
        """Read a stream's config as it is now, for somebody may have changed it with W&B's own client.

        Raises:
            NotFound: the run is gone.
        """
        found = self._client.run(stream.project, stream.name)
        if found is None:
            raise NotFound(f"{self._client.address.shown} has no run {stream.name!r} any more", clause="R7")
        document = Document(found["config"])
        if int(document.own.get("generation", 0)) > stream.generation:
            self._forget(stream)
            raise Transient(f"another process has taken over W&B's run {stream.name!r}", clause="R8")
        return document, found

    def store(self, stream: Stream, document: Document, *, released: bool = False, **fields: Any) -> None:
        """Write a stream's config, and W&B's own fields; `released` lets go of it by the same request."""
        own = {**document.own, "generation": stream.generation, "released": released, "owner": this_process()}
        document.set(OWN, own)
        self._client.upsert(stream.project, stream.name, config=document.dumps(), **fields)
        if released:
            self._forget(stream)

    def drop(self, run_id: str) -> None:
        """Forget what is owned of a run that is gone."""
        self._current().streams.pop(run_id, None)

    def close(self) -> None:
        """Let go of everything once the last adapter of this process is closed."""
        held = self._held
        with _HELD_LOCK:
            held.users -= 1
            last = held.users == 0 and held.pid == os.getpid()
        if last:
            for stream in list(held.streams.values()):
                self._let_go(stream)

    def _let_go(self, stream: Stream) -> None:
        with self._held.locks[stream.run_id]:
            self._forget(stream)
            if stream.pending:
                return  # nobody may write where these lines may still arrive
            try:
                self.store(stream, self.document(stream)[0], released=True)
            except TrackbridgeError:
                return  # whoever comes next makes a run of its own, or waits until W&B calls this one crashed

    def _join(self) -> _Held:
        with _HELD_LOCK:
            held = _HELD.get(self._client.address.service)
            if held is None or held.pid != os.getpid():
                held = _HELD[self._client.address.service] = _Held()
            held.users += 1
            return held

    def _current(self) -> _Held:
        """Give what is owned; a forked child owns nothing of its parent's."""
        if self._held.pid != os.getpid():
            self._held = self._join()
        return self._held

    def _forget(self, stream: Stream) -> None:
        held = self._current()
        if held.streams.get(stream.run_id) is stream:
            del held.streams[stream.run_id]

    def _acquired(self, run_id: str) -> Stream:
        natives = self._load(run_id)
        if not natives:
            raise NotFound(f"there is no run {run_id} in {self._client.address.shown}", clause="R1")
        for native in natives:
            own = Document(native["config"]).own
            generation = int(own.get("generation", 0))
            dead = not own.get("released", True) and is_dead(own.get("owner"))
            free = dead or own.get("released", not own) or native["state"] == _CRASHED
            if free and self._claim(native["project_name"], native["name"], generation + 1):
                return self._taken(run_id, native, generation + 1, dead=dead)
        return self._made(run_id, natives[0]["project_name"], len(natives))

    def _claim(self, project: str, name: str, generation: int) -> bool:
        return self._ledger.claim(f"{key_of('owner', project, name)}-g{generation}")

    def _taken(self, run_id: str, native: dict[str, Any], generation: int, *, dead: bool) -> Stream:
        stream = Stream(run_id, native["project_name"], native["name"], generation)
        if dead:  # what it had sent last may still be under way
            time.sleep(_QUIET_S)
            native = self._client.run(stream.project, stream.name) or native
            stream.doubtful_since_s = time.monotonic()
        stream.lines = int(native["historyLineCount"] or 0)
        stream.lasts = Lasts.read(native["summaryMetrics"])
        document = Document(native["config"])
        if document.own:
            self.store(stream, document)  # who comes now must see that it is owned
        return stream

    def _made(self, run_id: str, project: str, number: int) -> Stream:
        self._ledger.put(key_of(STREAM, project), {"project": project}, kind=STREAM)
        while not self._client.upsert(project, stream_name(run_id, number), groupName=run_id, jobType=STREAM):
            number += 1
        stream = Stream(run_id, project, stream_name(run_id, number), 1)
        document = Document(None)
        document.set(OWN, {"format": 1, "id": run_id, "stream": number})
        document.chart_by_step()
        self.store(stream, document, displayName=stream.name)
        return stream

    def _renewed(self, stream: Stream) -> bool:
        """Claim the next generation of a stream that somebody may think was left."""
        if not self._claim(stream.project, stream.name, stream.generation + 1):
            return False
        stream.generation += 1
        document, _ = self.document(stream)
        self.store(stream, document)
        stream.seen_s = time.monotonic()
        return True


def stream_name(run_id: str, number: int) -> str:
    """Give the name of a further run of an id."""
    return f"{run_id}-{number}"
