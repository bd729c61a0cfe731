"""Who there is: the user, teams, the organization; and the projects they have."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulators.wandb import ids, names
from emulators.wandb.errors import ServiceError
from emulators.wandb.service import Service

REGISTRY_PREFIX = "wandb-registry-"


def user(service: Service) -> dict[str, Any]:
    account = service.account
    return {
        "__typename": "User",
        "id": ids.encode("User", account.username),
        "name": account.username,
        "username": account.username,
        "email": account.email,
        "admin": False,
        "flags": "{}",
        "entity": account.default_entity,
        "apiKeys": {"edges": []},
        "teams": {"edges": [{"node": entity(service, name)} for name in account.teams]},
        "organizations": lambda *_: [organization(service)],
    }


def entity(service: Service, name: str | None) -> dict[str, Any] | None:
    """Give an entity of the account; the default one without a name, None for somebody else's."""
    account = service.account
    name = name or account.default_entity
    if name not in account.entities:
        return None
    personal, team = name == account.username, name in account.teams
    return {
        "id": ids.encode("Entity", name),
        "name": name,
        "available": False,
        "readOnly": False,
        "readOnlyAdmin": False,
        "isTeam": team,
        "entityType": "user" if personal else "team" if team else "organization",
        "privateOnly": False,
        "storageBytes": 0,
        "codeSavingEnabled": False,
        "defaultAccess": "USER_WRITE",
        "isPaid": True,
        "members": [{"id": ids.encode("User", account.username), "name": account.username, "admin": True}],
        "xxhashDigestsEnabled": False,
        "organization": None if personal else lambda *_: organization(service),
        "user": (lambda *_: user(service)) if personal else None,
    }


def organization(service: Service) -> dict[str, Any]:
    account = service.account
    return {
        "id": ids.encode("Organization", account.organization),
        "name": account.organization,
        "orgEntity": lambda *_: entity(service, account.org_entity),
        "advancedRegistryFeatures": {"advancedSearch": False},
        "featureFlags": [],
    }


def project(service: Service, entity_name: str | None, name: str | None) -> sqlite3.Row | None:
    """Give a project that is not deleted."""
    return service.store.row(
        "SELECT * FROM project WHERE entity = ? AND name = ? AND deleted_ms IS NULL",
        entity_name or service.account.default_entity,
        name or "uncategorized",
    )


def project_by_id(service: Service, project_id: int) -> sqlite3.Row | None:
    return service.store.row("SELECT * FROM project WHERE id = ?", project_id)


def need_project(service: Service, entity_name: str | None, name: str | None) -> sqlite3.Row:
    """Give a project to write to.

    Raises:
        ServiceError: 404 where there is none, 403 where it may only be read.
    """
    found = project(service, entity_name, name)
    if found is None:
        raise ServiceError(f"project {entity_name}/{name} not found", 404)
    _may_write(service, found["name"])
    return found


def make_project(
    service: Service, entity_name: str | None, name: str | None, **values: Any
) -> tuple[sqlite3.Row, bool]:
    """Give a project, made on first use, and whether it was made.

    Raises:
        ServiceError: 404 for an entity that this account is not of, 403 for a project that may only be read.
    """
    entity_name, name = entity_name or service.account.default_entity, name or "uncategorized"
    if entity_name not in service.account.entities:
        raise ServiceError(f"entity {entity_name} not found during upsertBucket", 404)
    found = project(service, entity_name, name)
    if found is not None:
        return found, False
    _may_write(service, name)
    names.check(service, "project", name)
    now = ids.now_ms()
    if name.startswith(REGISTRY_PREFIX):
        values = {"all_types": 0, "access": "PRIVATE", **values}
    service.store.insert("project", entity=entity_name, name=name, created_ms=now, updated_ms=now, **values)
    made = project(service, entity_name, name)
    assert made is not None
    return made, True


def _may_write(service: Service, name: str) -> None:
    if name in service.switches.read_only_projects:
        raise ServiceError(f"permission denied: project {name} is read-only", 403)


def seed(service: Service) -> None:
    """Make the registry that every organization has (docs, "Registry": the core registry for models)."""
    for name, kind in (("model", "model"), ("dataset", "dataset")):
        project_row, made = make_project(service, service.account.org_entity, REGISTRY_PREFIX + name)
        if made:
            service.store.insert(
                "artifact_type", project_id=project_row["id"], name=kind, created_ms=project_row["created_ms"]
            )
