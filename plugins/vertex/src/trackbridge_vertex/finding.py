"""From trackbridge's ids of runs to the contexts they are (R1).

Where a run of ours lies is an object in the staging bucket that is written once: whoever opens an id first says in
which experiment, and nobody after that can open it in another.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.records.ids import check_run_id
from trackbridge.records.values import canonical_json
from trackbridge_vertex.card import TEXT
from trackbridge_vertex.client import Client
from trackbridge_vertex.contexts import RUN_SCHEMA, Contexts, id_of
from trackbridge_vertex.foreign import foreign_id

__all__ = ["Finder", "Place"]

_VERSION_NIBBLE, _UUID5 = 12, "5"
_PURGED: Final = "purged"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run lies: the id of its context, and of its experiment's."""

    context: str
    experiment: str


class Finder:
    """Finds the contexts of runs. Places never change, so that they are remembered."""

    def __init__(self, client: Client, contexts: Contexts) -> None:
        self._client = client
        self._contexts = contexts
        self._lock = threading.Lock()
        self._places: dict[str, Place] = {}
        self._foreign_since = ""

    def settle(self, run_id: str, place: Place) -> Place:
        """Say where a run is to lie, unless somebody has said so before; give where it does.

        Raises:
            Conflict: the id is spent, its run was purged (R7).
        """
        data = canonical_json({"context": place.context, "experiment": place.experiment}).encode()
        if self._client.storage.create(_object(run_id), data):
            return self._remember(run_id, place)
        return self.place(run_id) or place

    def place(self, run_id: str) -> Place | None:
        """Give where a run lies, or would have to; None where nobody ever opened it.

        Raises:
            Conflict: the id is spent, its run was purged (R7).
        """
        known = self._places.get(check_run_id(run_id))
        if known is not None:
            return known
        data = self._client.storage.get(_object(run_id))
        if data is None:
            return self._foreign(run_id) if run_id[_VERSION_NIBBLE] == _UUID5 else None
        fields = json.loads(data)
        if fields.get(_PURGED):
            raise Conflict(f"the run {run_id} was purged: its id is spent", clause="R7", remedy="Take a new id.")
        return self._remember(run_id, Place(fields["context"], fields["experiment"]))

    def existing(self, run_id: str) -> Place:
        """Give where a run lies; raise `NotFound` where there is none."""
        try:
            found = self.place(run_id)
        except Conflict:
            found = None
        if found is None:
            raise NotFound(f"there is no run {run_id} in {self._client.address.shown}", clause="R1")
        return found

    def is_spent(self, run_id: str) -> bool:
        """Tell whether a run of this id was purged (R7)."""
        data = self._client.storage.get(_object(run_id))
        return data is not None and bool(json.loads(data).get(_PURGED))

    def spend(self, run_id: str) -> None:
        """Write down that a run's id is spent (R7)."""
        self._client.storage.put(_object(run_id), canonical_json({_PURGED: True}).encode())
        self.forget(run_id)

    def forget(self, run_id: str) -> None:
        """Forget where a run lies: it may be gone."""
        with self._lock:
            self._places.pop(run_id, None)

    def _remember(self, run_id: str, place: Place) -> Place:
        with self._lock:
            return self._places.setdefault(run_id, place)

    def _foreign(self, run_id: str) -> Place | None:
        """Look an id up among the foreign runs: all of them once, afterwards only those made since."""
        with self._lock:
            where = f'schema_title="{RUN_SCHEMA}"'
            if self._foreign_since:
                where += f' AND create_time >= "{self._foreign_since}"'
            for context in self._contexts.list(where, "create_time"):
                if TEXT not in context.metadata.fields:
                    own = id_of(context.name)
                    self._places.setdefault(foreign_id(self._client.address, own), Place(own, ""))
                    self._foreign_since = context.create_time.ToJsonString()
        return self._places.get(run_id)


def _object(run_id: str) -> str:
    return f"runs/{run_id}/run.json"
