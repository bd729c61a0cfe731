"""Artifact versions: created pending, given their contents, committed, linked, used, deleted.

The order of calls is that of core/pkg/artifacts/saver.go, Save.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from typing import Any

from emulators.wandb import accounts, extended_json, files, filters, ids, runs
from emulators.wandb import artifact_collections as collections
from emulators.wandb.errors import ServiceError
from emulators.wandb.service import Service

PENDING, COMMITTED, DELETED = "PENDING", "COMMITTED", "DELETED"


def by_id(service: Service, text: str) -> sqlite3.Row | None:
    return service.store.row("SELECT * FROM artifact WHERE id = ?", ids.number("Artifact", text))


def by_client_id(service: Service, client_id: str) -> sqlite3.Row | None:
    return service.store.row("SELECT * FROM artifact WHERE client_id = ?", client_id)


def need(service: Service, text: str) -> sqlite3.Row:
    """Give a version that is not deleted.

    Raises:
        ServiceError: 404 where there is none.
    """
    found = by_id(service, text)
    if found is None or found["state"] == DELETED:
        raise ServiceError(f"artifact {text} not found", 404)
    return found


def create(service: Service, values: dict[str, Any]) -> sqlite3.Row:
    """Make a pending version, or give the committed one of equal digest.

    Raises:
        ServiceError: 404 for a project or a run that there is not, 409 for a collection of another type.
    """
    project, _ = accounts.make_project(service, values["entityName"], values["projectName"])
    accounts.need_project(service, project["entity"], project["name"])
    names = values.get("artifactCollectionNames") or [values.get("artifactCollectionName")]
    if len(names) != 1 or not names[0]:
        raise ServiceError(f"createArtifact needs one collection, not {names}")
    sequence = collections.make(service, project["id"], names[0], values["artifactTypeName"], collections.SEQUENCE)
    asked = [alias["alias"] for alias in values.get("aliases") or ()]
    client_id = values.get("clientID")
    found = by_client_id(service, client_id) if client_id else None
    if found is None and values.get("enableDigestDeduplication"):
        found = _same_digest(service, sequence["id"], values["digest"])
    run_name, run_id = values.get("runName"), None
    if run_name:
        run_id = runs.need(service, project["entity"], project["name"], run_name)["id"]
    if found is not None:
        if found["state"] == COMMITTED:
            collections.add_aliases(service, _own_membership(service, found), asked)
            collections.change_tags(service, "artifact", found["id"], values.get("tags"), None)
            _put_out(service, run_id, found["id"])
        return found
    _check_metadata(values.get("metadata"))
    made = service.store.insert(
        "artifact",
        sequence_id=sequence["id"],
        client_id=client_id,
        digest=values["digest"],
        digest_algorithm=values.get("digestAlgorithm") or "MANIFEST_MD5",
        description=values.get("description"),
        metadata=values.get("metadata"),
        aliases_asked=json.dumps(asked),
        history_step=values.get("historyStep"),
        ttl_s=values.get("ttlDurationSeconds"),
        run_id=run_id,
        created_ms=ids.now_ms(),
    )
    collections.change_tags(service, "artifact", made, values.get("tags"), None)
    _put_out(service, run_id, made)
    return need(service, ids.encode("Artifact", made))


def _put_out(service: Service, run_id: int | None, artifact_id: int) -> None:
    if run_id is not None:
        service.store.write("INSERT OR IGNORE INTO output VALUES (?, ?)", run_id, artifact_id)


def outputs(service: Service, run_id: int) -> list[sqlite3.Row]:
    """Give the versions that a run logged; of equal ones, and of those that are gone, as the switches say."""
    rule = "artifact.run_id = output.run_id" if service.switches.equal_output == "first" else "TRUE"
    there = "state = 'COMMITTED'" if service.switches.gone_outputs == "hidden" else "TRUE"
    return service.store.rows(
        "SELECT artifact.* FROM output JOIN artifact ON artifact.id = output.artifact_id "
        f"WHERE output.run_id = ? AND {there} AND {rule} ORDER BY artifact.id",
        run_id,
    )


def inputs(service: Service, run_id: int) -> list[sqlite3.Row]:
    """Give the versions that a run used."""
    return service.store.rows(
        "SELECT artifact.* FROM use JOIN artifact ON artifact.id = use.artifact_id "
        "WHERE use.run_id = ? AND state = 'COMMITTED' ORDER BY artifact.id",
        run_id,
    )


def _same_digest(service: Service, sequence_id: int, digest: str) -> sqlite3.Row | None:
    rule = service.switches.digest_deduplication
    committed = service.store.rows(
        "SELECT * FROM artifact WHERE sequence_id = ? AND state = 'COMMITTED' ORDER BY version_index DESC", sequence_id
    )
    considered = {"never": [], "latest": committed[:1], "any": committed}[rule]
    return next((row for row in considered if row["digest"] == digest), None)


def _check_metadata(text: str | None) -> None:
    """Refuse what is no metadata (wandb/sdk/artifacts/_validators.py, validate_metadata)."""
    if text is None:
        return
    values = extended_json.loads(text)
    if not isinstance(values, dict) or len(values) > 100 or extended_json.plain(values) != values:
        raise ServiceError("metadata is a JSON object of at most 100 keys, without NaN and infinities")


def _own_membership(service: Service, artifact: sqlite3.Row) -> sqlite3.Row:
    found = service.store.row(
        "SELECT * FROM membership WHERE collection_id = ? AND artifact_id = ?", artifact["sequence_id"], artifact["id"]
    )
    assert found is not None
    return found


def create_manifest(service: Service, values: dict[str, Any]) -> sqlite3.Row:
    """Make a manifest to upload; the newest one counts."""
    artifact = need(service, values["artifactID"])
    made = service.store.insert(
        "manifest",
        artifact_id=artifact["id"],
        name=values["name"],
        digest=values["digest"],
        type=values["type"],
        upload=files.new_upload(),
        created_ms=ids.now_ms(),
    )
    return manifest_by_row(service, made)


def update_manifest(service: Service, values: dict[str, Any]) -> sqlite3.Row:
    row_id = ids.number("ArtifactManifest", values["artifactManifestID"])
    if service.store.row("SELECT id FROM manifest WHERE id = ?", row_id) is None:
        raise ServiceError(f"manifest {values['artifactManifestID']} not found", 404)
    if values.get("digest"):
        service.store.update("manifest", row_id, digest=values["digest"])
    return manifest_by_row(service, row_id)


def manifest_by_row(service: Service, row_id: int) -> sqlite3.Row:
    found = service.store.row("SELECT * FROM manifest WHERE id = ?", row_id)
    assert found is not None
    return found


def manifest(service: Service, artifact_id: int) -> sqlite3.Row | None:
    """Give the manifest that was uploaded last."""
    return service.store.row(
        "SELECT * FROM manifest WHERE artifact_id = ? AND blob IS NOT NULL ORDER BY id DESC LIMIT 1", artifact_id
    )


def entries(service: Service, artifact_id: int) -> dict[str, dict[str, Any]]:
    """Give the manifest's entries by name."""
    found = manifest(service, artifact_id)
    if found is None:
        return {}
    return json.loads(service.store.blob_path(found["blob"]).read_text())["contents"]


def create_file(service: Service, values: dict[str, Any]) -> tuple[sqlite3.Row, bool]:
    """Make room for a content; give it and whether it is there already (saver.go: no upload then)."""
    artifact = need(service, values["artifactID"])
    if service.switches.file_deduplication == "collection":
        known = service.store.row(
            "SELECT artifact_file.* FROM artifact_file JOIN artifact ON artifact.id = artifact_file.artifact_id "
            "WHERE artifact.sequence_id = ? AND artifact_file.digest = ? AND blob IS NOT NULL AND state = 'COMMITTED'",
            *(artifact["sequence_id"], values["md5"]),
        )
        if known is not None:
            return known, True
    service.store.write(
        "INSERT OR IGNORE INTO artifact_file (artifact_id, name, digest, upload, mimetype, created_ms) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        *(artifact["id"], values["name"], values["md5"], files.new_upload(), values.get("mimetype"), ids.now_ms()),
    )
    made = service.store.row(
        "SELECT * FROM artifact_file WHERE artifact_id = ? AND digest = ?", artifact["id"], values["md5"]
    )
    assert made is not None
    return made, False


def commit(service: Service, text: str) -> sqlite3.Row:
    """Give a version its number and its aliases; `latest` moves to it.

    Raises:
        ServiceError: 400 where the manifest or a content that it names was not uploaded.
    """
    artifact = need(service, text)
    if artifact["state"] == COMMITTED:
        return artifact
    found = entries(service, artifact["id"])
    if manifest(service, artifact["id"]) is None:
        raise ServiceError(f"artifact {text} has no manifest")
    for name, entry in found.items():
        if "ref" not in entry and stored_content(service, artifact, entry) is None:
            raise ServiceError(f"artifact {text} lacks the content of {name}")
    sequence = collections.by_id(service, artifact["sequence_id"])
    assert sequence is not None
    membership = collections.join(service, sequence, artifact["id"], json.loads(artifact["aliases_asked"]))
    service.store.update(
        "artifact",
        artifact["id"],
        state=COMMITTED,
        version_index=membership["version_index"],
        size=sum(entry.get("size", 0) for entry in found.values()),
        file_count=len(found),
        updated_ms=ids.now_ms(),
    )
    return need(service, text)


def stored_content(service: Service, artifact: sqlite3.Row, entry: dict[str, Any]) -> sqlite3.Row | None:
    """Give the content of a manifest's entry: of the version of its birth, else of any in the collection."""
    birth = ids.number("Artifact", entry.get("birthArtifactID") or "") or artifact["id"]
    return service.store.row(
        "SELECT artifact_file.* FROM artifact_file JOIN artifact ON artifact.id = artifact_file.artifact_id "
        "WHERE artifact_file.digest = ? AND blob IS NOT NULL AND (artifact_id = ? OR artifact.sequence_id = ?) "
        "ORDER BY artifact_id = ? DESC",
        *(entry["digest"], birth, artifact["sequence_id"], birth),
    )


def content_address(service: Service, entity: str, project: str, collection: str, digest: str) -> str | None:
    """Give where the content of a digest, in hex, is got from."""
    found = accounts.project(service, entity, project)
    holder = found and collections.find(service, found["id"], collection)
    row = holder and service.store.row(
        "SELECT artifact_file.* FROM membership "
        "JOIN artifact ON artifact.id = membership.artifact_id "
        "JOIN artifact AS sibling ON sibling.sequence_id = artifact.sequence_id "
        "JOIN artifact_file ON artifact_file.artifact_id = sibling.id "
        "WHERE membership.collection_id = ? AND artifact_file.digest = ? AND artifact_file.blob IS NOT NULL",
        *(holder["id"], base64.b64encode(bytes.fromhex(digest)).decode()),
    )
    return row and files.address(service, row["upload"], row["name"])


def change(service: Service, values: dict[str, Any]) -> sqlite3.Row:
    """Change what `values` gives of a version."""
    artifact = need(service, values["artifactID"])
    columns = {"description": "description", "metadata": "metadata", "ttlDurationSeconds": "ttl_s"}
    changes = {column: values[name] for name, column in columns.items() if values.get(name) is not None}
    _check_metadata(changes.get("metadata"))
    service.store.update("artifact", artifact["id"], **changes, updated_ms=ids.now_ms())
    if values.get("aliases") is not None:
        membership = _own_membership(service, artifact)
        service.store.write("DELETE FROM alias WHERE membership_id = ?", membership["id"])
        collections.add_aliases(service, membership, [alias["alias"] for alias in values["aliases"]])
    collections.change_tags(service, "artifact", artifact["id"], values.get("tagsToAdd"), values.get("tagsToDelete"))
    return need(service, values["artifactID"])


def use(service: Service, values: dict[str, Any]) -> sqlite3.Row:
    """Make a version an input of a run."""
    run = runs.need(service, values["entityName"], values["projectName"], values["runName"])
    artifact = need(service, values["artifactID"])
    service.store.write(
        "INSERT OR REPLACE INTO use (run_id, artifact_id, used_as) VALUES (?, ?, ?)",
        *(run["id"], artifact["id"], values.get("usedAs")),
    )
    return artifact


def delete(service: Service, row_id: int, *, delete_aliases: bool) -> None:
    """Delete a version with all its memberships.

    Raises:
        ServiceError: 400 for a version with aliases unless they may go (docs, "Delete an artifact version").
    """
    members = service.store.rows("SELECT * FROM membership WHERE artifact_id = ?", row_id)
    named = [row["alias"] for member in members for row in collections.aliases(service, member["id"])]
    kept = [alias for alias in named if alias != collections.LATEST]
    if kept and not delete_aliases:
        raise ServiceError(f"cannot delete an artifact that has aliases: {', '.join(kept)}")
    for member in members:
        collections.leave(service, member)
    service.store.update("artifact", row_id, state=DELETED, updated_ms=ids.now_ms())


def link(service: Service, values: dict[str, Any]) -> sqlite3.Row:
    """Link a version to a portfolio, made on first use; give the membership.

    Raises:
        ServiceError: 404 for a version or a project that there is not, 400 for a version that is pending.
    """
    client_id = values.get("clientID")
    artifact = by_client_id(service, client_id) if client_id else by_id(service, values.get("artifactID") or "")
    if artifact is None or artifact["state"] == DELETED:
        raise ServiceError(f"artifact {client_id or values.get('artifactID')} not found", 404)
    if artifact["state"] == PENDING:
        raise ServiceError("cannot link an artifact that is not committed")
    project = accounts.need_project(service, values["entityName"], values["projectName"])
    sequence = collections.by_id(service, artifact["sequence_id"])
    assert sequence is not None
    type_name = service.store.value("SELECT name FROM artifact_type WHERE id = ?", sequence["type_id"])
    name = values["artifactPortfolioName"]
    portfolio = collections.make(service, project["id"], name, type_name, collections.PORTFOLIO)
    known = service.store.row(
        "SELECT * FROM membership WHERE collection_id = ? AND artifact_id = ?", portfolio["id"], artifact["id"]
    )
    asked = [alias["alias"] for alias in values.get("aliases") or ()]
    if known is not None and service.switches.relink == "same":
        collections.add_aliases(service, known, asked)
        return known
    return collections.join(service, portfolio, artifact["id"], asked)


def unlink(service: Service, values: dict[str, Any]) -> None:
    portfolio = collections.need(service, values["artifactPortfolioID"], collections.PORTFOLIO)
    artifact = need(service, values["artifactID"])
    found = service.store.rows(
        "SELECT * FROM membership WHERE collection_id = ? AND artifact_id = ?", portfolio["id"], artifact["id"]
    )
    if not found:
        raise ServiceError(f"artifact {values['artifactID']} is not linked to {portfolio['name']}", 404)
    for membership in found:
        collections.leave(service, membership)


def change_aliases(service: Service, values: dict[str, Any], *, add: bool) -> None:
    """Add or delete aliases of a version in the collections that they name."""
    artifact = need(service, values["artifactID"])
    for alias in values["aliases"]:
        project = accounts.need_project(service, alias["entityName"], alias["projectName"])
        collection = collections.find(service, project["id"], alias["artifactCollectionName"])
        membership = collection and service.store.row(
            "SELECT * FROM membership WHERE collection_id = ? AND artifact_id = ? ORDER BY version_index DESC",
            *(collection["id"], artifact["id"]),
        )
        if membership is None:
            raise ServiceError(f"artifact is no version of {alias['artifactCollectionName']}", 404)
        change_them = collections.add_aliases if add else collections.delete_aliases
        change_them(service, membership, [alias["alias"]])


def members_like(
    service: Service, collection_id: int, query: str | None = None, order: str | None = None
) -> list[sqlite3.Row]:
    """Give the memberships of a collection that match a filter, newest version first without an order."""
    parsed = filters.parse(query)
    found = [
        row
        for row in collections.members(service, collection_id)
        if filters.matches(parsed, lambda name, row=row: lookup(service, row, name))
    ]
    return filters.sorted_by(found, order, lambda row, name: lookup(service, row, name))


def lookup(service: Service, membership: sqlite3.Row, name: str) -> Any:
    """Give a field as filters name it (wandb/apis/public/registries/_utils.py, BASIC_VERSIONS_FILTER_FIELDS)."""
    artifact = service.store.row("SELECT * FROM artifact WHERE id = ?", membership["artifact_id"])
    assert artifact is not None
    field, _, rest = name.partition(".")
    match field:
        case "id" | "artifact_id":
            return artifact["id"]
        case "version" | "version_index" | "versionIndex":
            return membership["version_index"]
        case "state":
            return artifact["state"]
        case "digest" | "size":
            return artifact[field]
        case "tag" | "tags":
            return collections.tags(service, "artifact", artifact["id"])
        case "alias" | "aliases":
            return [row["alias"] for row in collections.aliases(service, membership["id"])]
        case "created_at" | "createdAt":
            return ids.precise(artifact["created_ms"])
        case "updated_at" | "updatedAt":
            return ids.precise(artifact["updated_ms"])
        case "linked_at" | "acm_created_at":
            return ids.precise(membership["created_ms"])
        case "metadata":
            return runs.inside(extended_json.loads(artifact["metadata"] or "{}"), rest)
    raise ServiceError(f"unknown field {name!r} in a filter or order of artifact versions")
