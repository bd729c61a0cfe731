"""One entity of one W&B: the few things that all families of the adapter ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, TypeAlias

from trackbridge.errors import NotFound
from trackbridge_wandb.address import Address
from trackbridge_wandb.operations import (
    DELETE_RUN,
    FEATURES,
    ORGANIZATION,
    PROJECT,
    PROJECTS,
    RUN,
    RUNS,
    UPSERT_PROJECT,
    UPSERT_RUN,
)
from trackbridge_wandb.wire import Wire

__all__ = ["Client", "Connection", "nodes", "pages"]

Connection: TypeAlias = Mapping[str, Any]

_PAGE_RUNS: Final = 100
_PAGE_PROJECTS: Final = 200


class Client:
    """Projects and runs under W&B's own names; opening it costs nothing."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.wire = Wire(address)

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Carry out an operation about this entity."""
        return self.wire.query(document, entity=self.address.entity, **variables)

    @cached_property
    def features(self) -> frozenset[str]:
        """What this server says it can do."""
        info = self.wire.query(FEATURES).get("serverInfo") or {}
        return frozenset(one["name"] for one in info.get("features") or () if one and one["isEnabled"])

    @cached_property
    def registry_entity(self) -> str:
        """The entity that owns the registry: the organization's, or our own where there is none."""
        found = self.ask(ORGANIZATION).get("entity") or {}
        several = [found.get("organization"), *((found.get("user") or {}).get("organizations") or ())]
        wanted = self.address.organization
        for organization in several:
            entity = ((organization or {}).get("orgEntity") or {}).get("name")
            if entity and wanted in {None, entity, organization["name"]}:
                return str(entity)
        if wanted is not None:
            raise NotFound(
                f"{self.address.shown} has no organization {wanted!r}",
                clause="G1",
                remedy="Give organization= as W&B spells it, or leave it out.",
            )
        return self.address.entity

    # Projects

    def project(self, name: str) -> dict[str, Any] | None:
        """Give W&B's record of a project; None where there is none."""
        return self.ask(PROJECT, name=name).get("project")

    def projects(self) -> Iterator[dict[str, Any]]:
        """Give W&B's records of all projects."""
        for page in pages(lambda cursor: self.ask(PROJECTS, cursor=cursor, perPage=_PAGE_PROJECTS).get("models")):
            yield from nodes(page)

    def upsert_project(self, name: str, **fields: Any) -> None:
        """Make a project, or change these fields of it."""
        self.wire.query(UPSERT_PROJECT, input={"name": name, "entityName": self.address.entity, **fields})

    # Runs

    def run(self, project: str, name: str) -> dict[str, Any] | None:
        """Give W&B's record of a run; None where there is none, or no such project."""
        found = self.ask(RUN, project=project, name=name).get("project") or {}
        return self._with_project(project, found.get("run"))

    def runs(
        self, project: str, filters: Mapping[str, Any] | None = None, *, page: int = _PAGE_RUNS
    ) -> Iterator[dict[str, Any]]:
        """Give W&B's records of the runs of a project that match a filter, oldest first, each once."""
        seen = set()
        text = json.dumps(filters or {})

        def ask(cursor: str | None) -> Connection | None:
            found = self.ask(RUNS, project=project, cursor=cursor, perPage=page, order="+created_at", filters=text)
            return (found.get("project") or {}).get("runs")

        for connection in pages(ask):
            for node in nodes(connection):
                if node["name"] not in seen:
                    seen.add(node["name"])
                    yield self._with_project(project, node) or node

    def upsert(self, project: str, name: str, **fields: Any) -> bool:
        """Make a run, or change these fields of it; whether it was made. A field of None is left as it is."""
        found = self.ask(UPSERT_RUN, project=project, name=name, **fields)["upsertBucket"]
        return bool(found["inserted"])

    def delete_run(self, storage_id: str) -> None:
        """Delete a run for good; one that is gone is no fault."""
        try:
            self.wire.query(DELETE_RUN, id=storage_id)
        except NotFound:
            return

    def close(self) -> None:
        """Let go of connections."""
        self.wire.close()

    @staticmethod
    def _with_project(project: str, run: dict[str, Any] | None) -> dict[str, Any] | None:
        if run is not None:
            run["project_name"] = project
        return run


def pages(ask: Callable[[str | None], Connection | None], first: Connection | None = None) -> Iterator[Connection]:
    """Give all pages of a connection.

    Args:
        ask: Gives the page after a cursor; of None, the first one.
        first: The first page, where it is there already.
    """
    page = (ask(None) if first is None else first) or {}
    while True:
        yield page
        info = page.get("pageInfo") or {}
        if not info.get("hasNextPage"):
            return
        page = ask(info["endCursor"]) or {}


def nodes(connection: Connection | None) -> Iterator[dict[str, Any]]:
    """Give the nodes of a page."""
    return (edge["node"] for edge in (connection or {}).get("edges") or () if edge["node"])
