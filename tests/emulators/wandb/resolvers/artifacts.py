"""Artifact versions and their collections, as they are read."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulators.wandb import accounts, artifacts, files, ids, paging, runs
from emulators.wandb import artifact_collections as collections
from emulators.wandb.service import Service

INHERITED_TTL = -1


def _of(info: Any, query: str, *values: Any) -> Any:
    return info.context.store.rows(query, *values)


def _artifact(membership: sqlite3.Row, info: Any) -> Any:
    return info.context.store.row("SELECT * FROM artifact WHERE id = ?", membership["artifact_id"])


def _type(collection: sqlite3.Row, info: Any) -> Any:
    return info.context.store.row("SELECT * FROM artifact_type WHERE id = ?", collection["type_id"])


def _sequence(artifact: sqlite3.Row, info: Any) -> Any:
    return collections.by_id(info.context, artifact["sequence_id"])


def _memberships(artifact: sqlite3.Row, info: Any) -> list[sqlite3.Row]:
    return _of(info, "SELECT * FROM membership WHERE artifact_id = ? ORDER BY id", artifact["id"])


def _aliases(artifact: sqlite3.Row, info: Any) -> Any:
    return [row for member in _memberships(artifact, info) for row in collections.aliases(info.context, member["id"])]


def _manifest(artifact: sqlite3.Row, info: Any) -> Any:
    return artifacts.manifest(info.context, artifact["id"])


def _manifest_file(manifest: sqlite3.Row, info: Any) -> dict[str, Any]:
    url = files.address(info.context, manifest["upload"], manifest["name"])
    return {
        "id": ids.encode("File", f"manifest-{manifest['id']}"),
        "name": manifest["name"],
        "displayName": manifest["name"],
        "directUrl": url,
        "uploadUrl": url,
        "uploadHeaders": [],
        "sizeBytes": 0,
    }


def _created_by(artifact: sqlite3.Row, info: Any) -> Any:
    return runs.by_id(info.context, artifact["run_id"])


def _used_by(artifact: sqlite3.Row, info: Any) -> Any:
    found = _of(
        info,
        runs.SELECT + f"JOIN use ON use.run_id = run.id WHERE artifact_id = ? AND {runs.ALIVE} ORDER BY run.id",
        artifact["id"],
    )
    return paging.connection(found, None, len(found), len(found))


def version_file(service: Service, artifact: sqlite3.Row, name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Give a manifest's entry as the API's File; a reference's address is what it refers to."""
    stored = None if "ref" in entry else artifacts.stored_content(service, artifact, entry)
    url = files.address(service, stored["upload"], name) if stored is not None else entry.get("ref", "")
    return {
        "id": ids.encode("File", f"artifact-{artifact['id']}-{name}"),
        "name": name,
        "displayName": name,
        "url": url,
        "directUrl": url,
        "sizeBytes": entry.get("size", 0),
        "storagePath": f"wandb_artifacts/{artifact['id']}/{entry['digest']}",
        "mimetype": None if stored is None else stored["mimetype"],
        "updatedAt": ids.iso(artifact["updated_ms"]),
        "digest": entry["digest"],
        "md5": entry["digest"],
    }


def _member_files(
    membership: sqlite3.Row,
    info: Any,
    names: list[str] | None = None,
    after: str | None = None,
    first: int | None = None,
) -> Any:
    service: Service = info.context
    artifact = _artifact(membership, info)
    entries = sorted(artifacts.entries(service, artifact["id"]).items())
    if names:
        entries = [pair for pair in entries if pair[0] in names]
    return paging.connection(
        entries,
        after,
        first,
        max(service.switches.page_limit, 5000),  # the SDK asks for 5000 addresses at once (wandb/env.py)
        node=lambda pair: {"node": version_file(service, artifact, *pair)},
    )


def _by_entries(
    artifact: sqlite3.Row,
    info: Any,
    storage_layout: str,
    manifest_version: str,
    entries: list[dict[str, Any]] | None = None,
    storage_region: str | None = None,
) -> Any:
    known = artifacts.entries(info.context, artifact["id"])
    nodes = [
        version_file(info.context, artifact, each["name"], known[each["name"]])
        for each in entries or ()
        if each["name"] in known
    ]
    return paging.connection(nodes, None, len(nodes), len(nodes))


def _collection_aliases(collection: sqlite3.Row, info: Any, after: str | None = None, first: int | None = None) -> Any:
    found = _of(info, "SELECT * FROM alias WHERE collection_id = ? ORDER BY id", collection["id"])
    return paging.connection(found, after, first, info.context.switches.page_limit)


def _collection_artifacts(
    collection: sqlite3.Row,
    info: Any,
    after: str | None = None,
    first: int | None = None,
    order: str | None = None,
    query: str | None = None,
) -> Any:
    service: Service = info.context
    found = artifacts.members_like(service, collection["id"], query, order)
    return paging.connection(
        found,
        after,
        first,
        service.switches.page_limit,
        node=lambda row: {"version": f"v{row['version_index']}", "node": _artifact(row, info)},
    )


def _latest(collection: sqlite3.Row, info: Any) -> Any:
    found = collections.members(info.context, collection["id"])
    return _artifact(found[0], info) if found else None


def _tags(owner: str) -> Any:
    return lambda row, info: collections.tag_rows(info.context, owner, row["id"])


def _collection_tags(row: sqlite3.Row, info: Any) -> Any:
    return {"edges": [{"node": tag} for tag in collections.tag_rows(info.context, "collection", row["id"])]}


def _type_collections(
    kind: sqlite3.Row,
    info: Any,
    after: str | None = None,
    first: int | None = None,
    query: str | None = None,
    order: str | None = None,
) -> Any:
    found = collections.listed(info.context, [kind["project_id"]], type_id=kind["id"], query=query, order=order)
    return paging.connection(found, after, first, info.context.switches.page_limit)


def _type_collection(kind: sqlite3.Row, info: Any, name: str) -> Any:
    found = collections.find(info.context, kind["project_id"], name)
    return found if found is not None and found["type_id"] == kind["id"] else None


def _edges(nodes: list[sqlite3.Row]) -> dict[str, Any]:
    return paging.connection(nodes, None, len(nodes), len(nodes))


_TIMES = {
    "createdAt": lambda row, _: ids.iso(row["created_ms"]),
    "updatedAt": lambda row, _: ids.iso(row["updated_ms"]),
}
_COLLECTION = {
    **_TIMES,
    "id": lambda row, _: ids.encode("ArtifactCollection", row["id"]),
    "project": lambda row, info: accounts.project_by_id(info.context, row["project_id"]),
    "defaultArtifactType": _type,
    "tags": _collection_tags,
    "aliases": _collection_aliases,
    "artifacts": _collection_artifacts,
    "artifactMembership": lambda row, info, alias_name: collections.member(info.context, row, alias_name),
    "latestArtifact": _latest,
    "digestAlgorithm": lambda *_: "MANIFEST_MD5",
}

RESOLVERS = {
    "Artifact": {
        **_TIMES,
        "id": lambda row, _: ids.encode("Artifact", row["id"]),
        "artifactSequence": _sequence,
        "artifactType": lambda row, info: _type(_sequence(row, info), info),
        "ttlDurationSeconds": lambda row, _: INHERITED_TTL if row["ttl_s"] is None else row["ttl_s"],
        "ttlIsInherited": lambda row, _: row["ttl_s"] is None,
        "tags": _tags("artifact"),
        "aliases": _aliases,
        "currentManifest": _manifest,
        "artifactMemberships": lambda row, info: _edges(_memberships(row, info)),
        "usedBy": _used_by,
        "createdBy": _created_by,
        "filesByManifestEntries": _by_entries,
    },
    "ArtifactAlias": {
        "id": lambda row, _: ids.encode("ArtifactAlias", row["id"]),
        "artifactCollection": lambda row, info: collections.by_id(info.context, row["collection_id"]),
    },
    "ArtifactCollectionMembership": {
        "createdAt": _TIMES["createdAt"],
        "id": lambda row, _: ids.encode("ArtifactCollectionMembership", row["id"]),
        "aliases": lambda row, info: collections.aliases(info.context, row["id"]),
        "artifactCollection": lambda row, info: collections.by_id(info.context, row["collection_id"]),
        "artifact": _artifact,
        "files": _member_files,
    },
    "ArtifactManifest": {
        "id": lambda row, _: ids.encode("ArtifactManifest", row["id"]),
        "file": _manifest_file,
    },
    "ArtifactPortfolio": _COLLECTION,
    "ArtifactSequence": _COLLECTION,
    "ArtifactType": {
        "createdAt": _TIMES["createdAt"],
        "id": lambda row, _: ids.encode("ArtifactType", row["id"]),
        "artifactCollection": _type_collection,
        "artifactCollections": _type_collections,
    },
    "Tag": {"id": lambda row, _: ids.encode("Tag", row["id"])},
}
