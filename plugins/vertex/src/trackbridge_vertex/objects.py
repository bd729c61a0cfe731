"""Objects beside runs and models (X3, E1), in the staging bucket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Final

from trackbridge.errors import NotFound
from trackbridge.protocol import ObjectInfo, Scope
from trackbridge_vertex.card import Card
from trackbridge_vertex.cards import Cards
from trackbridge_vertex.client import Client
from trackbridge_vertex.finding import Finder
from trackbridge_vertex.names import model_id

__all__ = ["Objects"]

_SIDECAR: Final = "sidecar/"


class Objects:
    """See `trackbridge.protocol.ObjectStore`.

    A run's card says whether there is a sidecar at all, so that most runs are read without looking for one.
    """

    def __init__(self, client: Client, finder: Finder, cards: Cards) -> None:
        self._client = client
        self._finder = finder
        self._cards = cards
        self._lock = threading.Lock()
        self._noted: set[str] = set()

    def put(self, scope: Scope, name: str, data: bytes) -> None:
        """Store an object; the same name always comes with the same bytes."""
        folder = self._folder(scope)
        if scope.kind == "run" and name.startswith(_SIDECAR):
            self._note(scope.key)
        self._client.storage.put(folder + name, data)

    def list(self, scope: Scope, prefix: str = "") -> Iterator[ObjectInfo]:
        """Give the objects whose name begins with `prefix`, by name."""
        folder = self._folder(scope)
        for found in self._client.storage.find(folder + prefix):
            yield ObjectInfo(found.name.removeprefix(folder), found.size)

    def get(self, scope: Scope, name: str) -> bytes:
        """Give an object's bytes; raise `NotFound` where there is none."""
        data = self._client.storage.get(self._folder(scope) + name)
        if data is None:
            raise NotFound(f"the {scope.kind} {scope.key!r} has no object {name!r}", clause="X3")
        return data

    def _folder(self, scope: Scope) -> str:
        if scope.kind == "run":
            return f"runs/{scope.key}/objects/"
        return f"models/{model_id(scope.key)}/objects/"

    def _note(self, run_id: str) -> None:
        with self._lock:
            if run_id in self._noted:
                return
        place = self._finder.existing(run_id)

        def note(card: Card) -> None:
            card.sidecar = True

        self._cards.update(place.context, note)
        with self._lock:
            self._noted.add(run_id)
