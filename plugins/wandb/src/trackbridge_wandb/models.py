"""Registered models (G1): collections of W&B's registry, with what it has no place for in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.protocol import NativeModel
from trackbridge.records.times import now_ms
from trackbridge_wandb.client import Client, Connection, nodes, pages
from trackbridge_wandb.ledger import Ledger
from trackbridge_wandb.mirror import mirrored_head
from trackbridge_wandb.naming import collection_name
from trackbridge_wandb.objects import model_run
from trackbridge_wandb.operations import COLLECTIONS
from trackbridge_wandb.parts import Parts, part, read_description, read_tags
from trackbridge_wandb.versions import Collection

__all__ = ["MODEL", "Models"]

MODEL: Final = "model"  # the type of W&B's artifacts that its registry takes

_KIND: Final = "model"
_SCOPE: Final = ""  # of what is about the model itself, not a version
_STATE: Final = "state"
_PAGE: Final = 200


class Models:
    """Models by our names."""

    def __init__(self, client: Client, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger
        self.parts = Parts(ledger, _KIND)

    def ensure(self, name: str) -> None:
        """Create the model if absent; a deleted one raises `Conflict`."""
        cells = self.cells(name)
        if model_run(name) not in cells:
            head = {"name": name, "created_ms": now_ms(), "scope": _SCOPE, "part": "head"}
            self._ledger.put(model_run(name), head, group=model_run(name), kind=_KIND)
        if part(cells, _SCOPE, _STATE).get("deleted"):
            raise Conflict(f"the model {name!r} was deleted: its name is spent", clause="G1", remedy="Take a new name.")

    def get(self, name: str) -> NativeModel | None:
        """Give a model, a deleted one too; None where there is none."""
        cells = self.cells(name)
        if model_run(name) in cells:
            return _record(cells, model_run(name))
        return next((one for one in self._foreign({name}) if one.name == name), None)

    def existing(self, name: str) -> dict[str, dict[str, Any]]:
        """Give the cells of a model; raise `NotFound` where there is none."""
        cells = self.cells(name)
        if model_run(name) not in cells and self.get(name) is None:
            raise NotFound(f"there is no model {name!r} in {self._client.address.shown}", clause="G1")
        return cells

    def list(self) -> Iterator[NativeModel]:
        """Give all that are not deleted, by name."""
        groups: dict[str, dict[str, dict[str, Any]]] = {}
        for key, cell in self._ledger.kind(_KIND):
            groups.setdefault(cell.get("group", key), {})[key] = cell
        found = [_record(cells, key) for key, cells in groups.items() if key in cells]
        known = {collection_name(one.name) for one in found}
        found = [one for one in found if not one.deleted]
        found += [one for one in self._foreign(None) if collection_name(one.name) not in known]
        yield from sorted(found, key=lambda one: one.name)

    def edit(self, name: str, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        self.existing(name)
        if description is not None:
            self.parts.describe(model_run(name), _SCOPE, description)
        self.parts.tag(model_run(name), _SCOPE, tags)

    def delete(self, name: str) -> None:
        """Mark it deleted."""
        self.existing(name)
        self.parts.put(model_run(name), _SCOPE, _STATE, {"deleted": True})

    def cells(self, name: str) -> dict[str, dict[str, Any]]:
        """Give all that the ledger has of a model, by key."""
        return self._ledger.group(model_run(name))

    def collection(self, name: str) -> Collection:
        """Give the registry's collection for a model."""
        client = self._client
        return Collection(client.registry_entity, client.address.registry, MODEL, collection_name(name))

    def _foreign(self, names: set[str] | None) -> Iterator[NativeModel]:
        def ask(cursor: str | None) -> Connection | None:
            found = self._client.wire.query(
                COLLECTIONS,
                entity=self._client.registry_entity,
                project=self._client.address.registry,
                cursor=cursor,
                perPage=_PAGE,
            )
            return (found.get("project") or {}).get("artifactCollections")

        for page in pages(ask):
            for node in nodes(page):
                if node["type"]["name"] == MODEL and (names is None or node["name"] in names):
                    yield NativeModel(node["name"], node["description"] or None)


def _record(cells: Mapping[str, Mapping[str, Any]], key: str) -> NativeModel:
    head = cells[key]
    return NativeModel(
        name=str(head["name"]),
        description=read_description(cells, _SCOPE, None),
        tags=read_tags(cells, _SCOPE),
        created_ms=int(head["created_ms"]),
        deleted=bool(part(cells, _SCOPE, _STATE).get("deleted")),
        mirrored=mirrored_head(cells),
    )
