"""Collections of artifact versions: sequences, that runs log to, and portfolios, that versions are linked to."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from emulators.wandb import accounts, filters, ids, names
from emulators.wandb.errors import ServiceError
from emulators.wandb.service import Service

SEQUENCE, PORTFOLIO = "SEQUENCE", "PORTFOLIO"
LATEST = "latest"
VERSION = re.compile(r"v(\d+)")


def find_type(service: Service, project_id: int, name: str) -> sqlite3.Row | None:
    return service.store.row("SELECT * FROM artifact_type WHERE project_id = ? AND name = ?", project_id, name)


def make_type(service: Service, project_id: int, name: str) -> sqlite3.Row:
    found = find_type(service, project_id, name)
    if found is None:
        names.check(service, "artifact type", name)
        service.store.insert("artifact_type", project_id=project_id, name=name, created_ms=ids.now_ms())
        found = find_type(service, project_id, name)
    assert found is not None
    return found


def types(service: Service, project_id: int) -> list[sqlite3.Row]:
    return service.store.rows("SELECT * FROM artifact_type WHERE project_id = ? ORDER BY id", project_id)


def find(service: Service, project_id: int, name: str) -> sqlite3.Row | None:
    return service.store.row(
        "SELECT * FROM collection WHERE project_id = ? AND name = ? AND state = 'READY'", project_id, name
    )


def by_id(service: Service, collection_id: int) -> sqlite3.Row | None:
    return service.store.row("SELECT * FROM collection WHERE id = ?", collection_id)


def need(service: Service, text: str, kind: str) -> sqlite3.Row:
    """Give a collection of a kind by its id.

    Raises:
        ServiceError: 404 where there is none.
    """
    found = by_id(service, ids.number("ArtifactCollection", text))
    if found is None or found["state"] != "READY" or found["kind"] != kind:
        raise ServiceError(f"artifact collection {text} not found", 404)
    accounts.need_project(service, *path(service, found)[:2])
    return found


def path(service: Service, collection: sqlite3.Row) -> tuple[str, str, str]:
    """Give the entity, the project and the name."""
    project = accounts.project_by_id(service, collection["project_id"])
    assert project is not None
    return project["entity"], project["name"], collection["name"]


def make(service: Service, project_id: int, name: str, type_name: str, kind: str) -> sqlite3.Row:
    """Give a collection, made on first use.

    Raises:
        ServiceError: 409 where the name is of another kind or type, 400 for a type that the registry does not take.
    """
    found = find(service, project_id, name)
    if found is not None:
        wanted = service.store.value("SELECT name FROM artifact_type WHERE id = ?", found["type_id"])
        if found["kind"] != kind or wanted != type_name:
            raise ServiceError(
                f"collection {name} holds artifacts of type {wanted} ({found['kind']}), not {type_name} ({kind})",
                service.switches.conflict,
            )
        return found
    project = accounts.project_by_id(service, project_id)
    assert project is not None
    if not project["all_types"] and find_type(service, project_id, type_name) is None:
        raise ServiceError(f"registry {project['name']} does not take artifacts of type {type_name}")
    names.check(service, "collection", name)
    now, kind_row = ids.now_ms(), make_type(service, project_id, type_name)
    made = service.store.insert(
        "collection",
        project_id=project_id,
        type_id=kind_row["id"],
        kind=kind,
        name=name,
        created_ms=now,
        updated_ms=now,
    )
    found = by_id(service, made)
    assert found is not None
    return found


def listed(
    service: Service,
    project_ids: Iterable[int],
    *,
    type_id: int | None = None,
    kinds: Sequence[str] = (SEQUENCE, PORTFOLIO),
    query: str | None = None,
    order: str | None = None,
) -> list[sqlite3.Row]:
    """Give collections; newest first without an order (wandb/apis/public/artifacts.py, ArtifactType.collections)."""
    found: list[sqlite3.Row] = []
    for project_id in project_ids:
        found += service.store.rows("SELECT * FROM collection WHERE project_id = ? AND state = 'READY'", project_id)
    parsed = filters.parse(query)
    found = [
        row
        for row in found
        if row["kind"] in kinds
        and (type_id is None or row["type_id"] == type_id)
        and filters.matches(parsed, lambda name, row=row: lookup(service, row, name))
    ]
    found.sort(key=lambda row: -row["id"])
    return filters.sorted_by(found, order, lambda row, name: lookup(service, row, name))


def lookup(service: Service, row: sqlite3.Row, name: str) -> Any:
    """Give a field as filters name it (wandb/apis/public/registries/_utils.py, BASIC_COLLECTIONS_FILTER_FIELDS)."""
    match name:
        case "id" | "artifact_collection_id":
            return row["id"]
        case "name":
            return row["name"]
        case "tag":
            return tags(service, "collection", row["id"])
        case "description":
            return row["description"]
        case "created_at" | "createdAt":
            return ids.precise(row["created_ms"])
        case "updated_at" | "updatedAt":
            return ids.precise(row["updated_ms"])
    raise ServiceError(f"unknown field {name!r} in a filter or order of collections")


def members(service: Service, collection_id: int) -> list[sqlite3.Row]:
    """Give the memberships, newest version first."""
    return service.store.rows(
        "SELECT * FROM membership WHERE collection_id = ? ORDER BY version_index DESC", collection_id
    )


def member(service: Service, collection: sqlite3.Row, alias: str) -> sqlite3.Row | None:
    """Give the membership that an alias, or a version such as v3, names."""
    if version := VERSION.fullmatch(alias):
        return service.store.row(
            "SELECT * FROM membership WHERE collection_id = ? AND version_index = ?", collection["id"], int(version[1])
        )
    return service.store.row(
        "SELECT membership.* FROM membership JOIN alias ON alias.membership_id = membership.id "
        "WHERE alias.collection_id = ? AND alias = ?",
        *(collection["id"], alias),
    )


def join(service: Service, collection: sqlite3.Row, artifact_id: int, aliases: Iterable[str]) -> sqlite3.Row:
    """Make a version a member, as the next version, with `latest` and those aliases moved to it."""
    version = service.store.value("SELECT next_version FROM collection WHERE id = ?", collection["id"])
    now = ids.now_ms()
    service.store.update("collection", collection["id"], next_version=version + 1, updated_ms=now)
    made = service.store.insert(
        "membership", collection_id=collection["id"], artifact_id=artifact_id, version_index=version, created_ms=now
    )
    found = service.store.row("SELECT * FROM membership WHERE id = ?", made)
    assert found is not None
    add_aliases(service, found, [LATEST, *aliases])
    return found


def add_aliases(service: Service, membership: sqlite3.Row, aliases: Iterable[str]) -> None:
    """Move aliases to a version: within a collection an alias is on one version (docs, "Aliases").

    Raises:
        ServiceError: 403 for a protected alias, 400 for one that names a version.
    """
    for alias in aliases:
        _check_alias(service, alias)
        service.store.write(
            "INSERT OR REPLACE INTO alias (collection_id, membership_id, alias) VALUES (?, ?, ?)",
            *(membership["collection_id"], membership["id"], alias),
        )


def delete_aliases(service: Service, membership: sqlite3.Row, aliases: Iterable[str]) -> None:
    for alias in aliases:
        _check_alias(service, alias)
        service.store.write("DELETE FROM alias WHERE membership_id = ? AND alias = ?", membership["id"], alias)


def _check_alias(service: Service, alias: str) -> None:
    if alias in service.switches.protected_aliases:
        raise ServiceError(f"permission denied: alias {alias} is protected", 403)
    names.check(service, "alias", alias)
    if VERSION.fullmatch(alias):
        raise ServiceError(f"invalid alias {alias!r}")


def aliases(service: Service, membership_id: int) -> list[sqlite3.Row]:
    return service.store.rows("SELECT * FROM alias WHERE membership_id = ? ORDER BY id", membership_id)


def leave(service: Service, membership: sqlite3.Row) -> None:
    """End a membership; its aliases go with it, its version number is not given again."""
    was_latest = LATEST in {row["alias"] for row in aliases(service, membership["id"])}
    service.store.write("DELETE FROM alias WHERE membership_id = ?", membership["id"])
    service.store.write("DELETE FROM membership WHERE id = ?", membership["id"])
    left = members(service, membership["collection_id"])
    if was_latest and left and service.switches.latest_of_deleted == "moved":
        add_aliases(service, left[0], [LATEST])


def tags(service: Service, owner: str, owner_id: int) -> list[str]:
    return [row["name"] for row in tag_rows(service, owner, owner_id)]


def tag_rows(service: Service, owner: str, owner_id: int) -> list[sqlite3.Row]:
    return service.store.rows("SELECT * FROM tag WHERE owner = ? AND owner_id = ? ORDER BY id", owner, owner_id)


def change_tags(
    service: Service,
    owner: str,
    owner_id: int,
    add: Iterable[dict[str, Any]] | None,
    remove: Iterable[dict[str, Any]] | None,
) -> None:
    added = list(add or ())
    names.check_all(service, "tag", (tag["tagName"] for tag in added))
    for tag in added:
        service.store.write(
            "INSERT OR IGNORE INTO tag (owner, owner_id, name) VALUES (?, ?, ?)", owner, owner_id, tag["tagName"]
        )
    for tag in remove or ():
        service.store.write(
            "DELETE FROM tag WHERE owner = ? AND owner_id = ? AND name = ?", owner, owner_id, tag["tagName"]
        )
