"""Who is asking, entities, organizations, projects."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulators.wandb import accounts, artifacts, filters, ids, paging, runs
from emulators.wandb import artifact_collections as collections
from emulators.wandb.errors import ServiceError
from emulators.wandb.service import Service


def _organization(_: Any, info: Any, name: str) -> Any:
    service: Service = info.context
    account = service.account
    return accounts.organization(service) if name in {account.organization, account.org_entity} else None


def _project(_: Any, info: Any, name: str | None = None, entity_name: str | None = None) -> Any:
    return accounts.project(info.context, entity_name, name)


def _models(
    _: Any, info: Any, entity_name: str | None = None, after: str | None = None, first: int | None = None
) -> Any:
    service: Service = info.context
    return _pages(service, _all(service, entity_name or service.account.default_entity), after, first)


def _pages(service: Service, found: list[Any], after: str | None, first: int | None) -> dict[str, Any]:
    return paging.connection(found, after, first, service.switches.page_limit)


def _all(service: Service, entity: str) -> list[sqlite3.Row]:
    return service.store.rows("SELECT * FROM project WHERE entity = ? AND deleted_ms IS NULL ORDER BY id", entity)


def _filtered(service: Service, entity: str, query: str | None, order: str | None = None) -> list[sqlite3.Row]:
    parsed = filters.parse(query)
    found = [row for row in _all(service, entity) if filters.matches(parsed, lambda name, row=row: lookup(row, name))]
    return filters.sorted_by(found, order, lookup)


def lookup(row: sqlite3.Row, name: str) -> Any:
    """Give a field as filters name it (wandb/apis/public/registries/_utils.py, BASIC_REGISTRIES_FILTER_FIELDS)."""
    match name:
        case "id" | "project_id":
            return row["id"]
        case "name" | "description":
            return row[name]
        case "entity_id":
            return ids.encode("Entity", row["entity"])
        case "created_at" | "updated_at":
            return ids.precise(row[name.replace("_at", "_ms")])
    raise ServiceError(f"unknown field {name!r} in a filter or order of projects")


def _entity_projects(
    entity: Any,
    info: Any,
    query: str | None = None,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> Any:
    return _pages(info.context, _filtered(info.context, entity["name"], query, order), after, first)


def _entity_collections(
    entity: Any,
    info: Any,
    project_filters: str | None = None,
    query: str | None = None,
    collection_types: list[str] | None = None,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> Any:
    service: Service = info.context
    among = [row["id"] for row in _filtered(service, entity["name"], project_filters)]
    kinds = collection_types or (collections.PORTFOLIO, collections.SEQUENCE)
    found = collections.listed(service, among, kinds=kinds, query=query, order=order)
    return _pages(service, found, after, first)


def _entity_memberships(
    entity: Any,
    info: Any,
    project_filters: str | None = None,
    collection_filters: str | None = None,
    query: str | None = None,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> Any:
    service: Service = info.context
    among = [row["id"] for row in _filtered(service, entity["name"], project_filters)]
    found = []
    for collection in collections.listed(service, among, query=collection_filters):
        found += artifacts.members_like(service, collection["id"], query, order)
    return _pages(service, found, after, first)


def _runs(
    project: sqlite3.Row,
    info: Any,
    query: str | None = None,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
) -> Any:
    return _pages(info.context, runs.search(info.context, project["id"], query, order), after, first)


def _bucket(project: sqlite3.Row, info: Any, name: str, missing_ok: bool = False) -> Any:
    found = runs.find(info.context, project["entity"], project["name"], name)
    if found is None and not missing_ok:
        raise ServiceError(f"run {name} not found", 404)
    return found


def _sweep(project: sqlite3.Row, info: Any, sweep_name: str) -> Any:
    return info.context.store.row("SELECT * FROM sweep WHERE project_id = ? AND name = ?", project["id"], sweep_name)


def _sweeps(
    project: sqlite3.Row, info: Any, after: str | None = None, first: int | None = None, query: str | None = None
) -> Any:
    if query not in {None, "", "{}", "null"}:
        raise ServiceError("filters of sweeps are not emulated")
    found = info.context.store.rows("SELECT * FROM sweep WHERE project_id = ? ORDER BY id DESC", project["id"])
    return _pages(info.context, found, after, first)


def _types(
    project: sqlite3.Row, info: Any, after: str | None = None, first: int | None = None, include_all: bool = False
) -> Any:
    return _pages(info.context, collections.types(info.context, project["id"]), after, first)


def _type(project: sqlite3.Row, info: Any, name: str) -> Any:
    return collections.find_type(info.context, project["id"], name)


def _collection(project: sqlite3.Row, info: Any, name: str) -> Any:
    return collections.find(info.context, project["id"], name)


def _collections(
    project: sqlite3.Row,
    info: Any,
    after: str | None = None,
    first: int | None = None,
    query: str | None = None,
    order: str | None = None,
) -> Any:
    found = collections.listed(info.context, [project["id"]], query=query, order=order)
    return _pages(info.context, found, after, first)


def _membership(project: sqlite3.Row, info: Any, name: str) -> Any:
    """Give the membership that "collection:alias" names; `latest` without an alias."""
    collection_name, _, alias = name.partition(":")
    collection = collections.find(info.context, project["id"], collection_name)
    return collection and collections.member(info.context, collection, alias or collections.LATEST)


def _artifact(project: sqlite3.Row, info: Any, name: str) -> Any:
    found = _membership(project, info, name)
    return found and info.context.store.row("SELECT * FROM artifact WHERE id = ?", found["artifact_id"])


RESOLVERS = {
    "Query": {
        "viewer": lambda _, info: accounts.user(info.context),
        "entity": lambda _, info, name=None: accounts.entity(info.context, name),
        "organization": _organization,
        "project": _project,
        "model": _project,
        "models": _models,
        "serverInfo": lambda _, info: {
            "features": [{"name": name, "isEnabled": on} for name, on in info.context.features().items()]
        },
        "artifact": lambda _, info, node_id: artifacts.by_id(info.context, node_id),
        "artifactCollection": lambda _, info, node_id: collections.by_id(
            info.context, ids.number("ArtifactCollection", node_id)
        ),
        "clientIDMapping": lambda _, info, client_id: (
            (found := artifacts.by_client_id(info.context, client_id))
            and {"serverID": ids.encode("Artifact", found["id"])}
        ),
    },
    "Entity": {
        "project": lambda entity, info, name=None: accounts.project(info.context, entity["name"], name),
        "projects": _entity_projects,
        "artifactCollections": _entity_collections,
        "artifactMemberships": _entity_memberships,
    },
    "Project": {
        "id": lambda row, _: ids.encode("Project", f"v1:{row['name']}:{row['entity']}"),
        "internalId": lambda row, _: ids.encode("ProjectInternalId", row["id"]),
        "entityName": lambda row, _: row["entity"],
        "entity": lambda row, info: accounts.entity(info.context, row["entity"]),
        "createdAt": lambda row, _: ids.iso(row["created_ms"]),
        "updatedAt": lambda row, _: ids.iso(row["updated_ms"]),
        "readOnly": lambda row, info: row["name"] in info.context.switches.read_only_projects,
        "user": lambda _, info: accounts.user(info.context),
        "allowAllArtifactTypesInRegistry": lambda row, _: bool(row["all_types"]),
        "run": lambda row, info, name: runs.find(info.context, row["entity"], row["name"], name),
        "bucket": _bucket,
        "runs": _runs,
        "runCount": lambda row, info, query=None: len(runs.search(info.context, row["id"], query, None)),
        "sweep": _sweep,
        "sweeps": _sweeps,
        "totalSweeps": lambda row, info: info.context.store.value(
            "SELECT count(*) FROM sweep WHERE project_id = ?", row["id"]
        ),
        "artifact": _artifact,
        "artifactType": _type,
        "artifactTypes": _types,
        "artifactCollection": _collection,
        "artifactCollections": _collections,
        "artifactCollectionMembership": _membership,
    },
}
