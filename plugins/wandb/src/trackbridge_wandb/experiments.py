"""Experiments (R2): W&B's projects, with descriptions, tags and true names in the ledger."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trackbridge.errors import Conflict, NotFound
from trackbridge.records.experiments import ExperimentRecord
from trackbridge.records.times import now_ms
from trackbridge_wandb.client import Client
from trackbridge_wandb.ledger import Ledger
from trackbridge_wandb.naming import is_own_project, key_of, project_name, time_ms
from trackbridge_wandb.parts import Parts, part, read_description, read_tags

__all__ = ["Experiments"]

_KIND: Final = "experiment"
_HEAD: Final = "head"  # the part that has the true name
_STATE: Final = "state"


class Experiments:
    """See `trackbridge.protocol.ExperimentStore`."""

    def __init__(self, client: Client, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger
        self._parts = Parts(ledger, _KIND)
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}

    def ensure(self, name: str) -> None:
        """Create the experiment if absent; restore a deleted one."""
        project = project_name(name)
        if is_own_project(project):
            raise Conflict(f"the project {name!r} is no experiment", clause="R2", remedy="Take another name.")
        cells = self._ledger.group(_group(project))
        if not part(cells, project, _HEAD):
            self._client.upsert_project(project)
            self._parts.put(_group(project), project, _HEAD, {"name": name, "created_ms": now_ms()})
        if part(cells, project, _STATE).get("deleted"):
            self._parts.put(_group(project), project, _STATE, {"deleted": False})

    def get(self, name: str) -> ExperimentRecord | None:
        """Give an experiment, a deleted one too; None where there is none."""
        found = self._client.project(project_name(name))
        return None if found is None else _record(found, self._ledger.group(_group(found["name"])))

    def list(self) -> Iterator[ExperimentRecord]:
        """Give all that are not deleted, by name."""
        cells: dict[str, dict[str, dict[str, Any]]] = {}
        for key, cell in self._ledger.kind(_KIND):
            cells.setdefault(cell["scope"], {})[key] = cell
        found = [
            _record(project, cells.get(project["name"], {}))
            for project in self._client.projects()
            if not is_own_project(project["name"])
        ]
        yield from sorted((one for one in found if not one.deleted), key=lambda one: one.name)

    def edit(self, name: str, *, description: str | None, tags: Mapping[str, str | None]) -> None:
        """Set the description unless None, and the tags given; a tag of None is deleted."""
        project = self._existing(name)
        if description is not None:
            shown = self._parts.describe(_group(project), project, description)
            self._client.upsert_project(project, description=shown)
        self._parts.tag(_group(project), project, tags)

    def delete(self, name: str) -> None:
        """Mark it deleted."""
        project = self._existing(name)
        self._parts.put(_group(project), project, _STATE, {"deleted": True})

    def projects(self, names: tuple[str, ...] | None) -> Sequence[str]:
        """Give the projects of these experiments, whether they exist or not; of all for None."""
        if names is not None:
            return [project_name(name) for name in names]
        with self._lock:
            for _, cell in self._ledger.kind(_KIND):
                if cell.get("part") == _HEAD:
                    self._names[cell["scope"]] = str(cell["name"])
        return [one["name"] for one in self._client.projects() if not is_own_project(one["name"])]

    def name_of(self, project: str) -> str:
        """Give the name of the experiment that a project is."""
        with self._lock:
            known = self._names.get(project)
        if known is None:
            head = part(self._ledger.group(_group(project)), project, _HEAD)
            known = str(head.get("name", project))
            with self._lock:
                self._names[project] = known
        return known

    def _existing(self, name: str) -> str:
        project = project_name(name)
        if self._client.project(project) is None:
            raise NotFound(f"there is no experiment {name!r} in {self._client.address.shown}", clause="R2")
        return project


def _group(project: str) -> str:
    return key_of(_KIND, project)


def _record(found: Mapping[str, Any], cells: Mapping[str, Mapping[str, Any]]) -> ExperimentRecord:
    project = found["name"]
    head = part(cells, project, _HEAD)
    return ExperimentRecord(
        name=str(head.get("name", project)),
        description=read_description(cells, project, found.get("description")),
        tags=read_tags(cells, project),
        created_ms=int(head.get("created_ms") or time_ms(found.get("createdAt"))),
        deleted=bool(part(cells, project, _STATE).get("deleted")),
    )
