"""Mutations of artifact versions and collections."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulators.wandb import accounts, artifacts, files, ids, multipart, names
from emulators.wandb import artifact_collections as collections
from emulators.wandb.errors import ServiceError
from emulators.wandb.resolvers.artifacts import version_file
from emulators.wandb.resolvers.changes import SUCCESS
from emulators.wandb.service import Service


def _payload(artifact: sqlite3.Row) -> dict[str, Any]:
    return {"artifact": artifact}


def _create_files(_: Any, info: Any, values: dict[str, Any]) -> Any:
    service: Service = info.context
    edges = []
    for asked in values["artifactFiles"]:
        stored, known = artifacts.create_file(service, asked)
        owner = service.store.row("SELECT * FROM artifact WHERE id = ?", stored["artifact_id"])
        assert owner is not None
        node = version_file(service, owner, asked["name"], {"digest": asked["md5"]})
        node |= {"artifact": owner, "uploadHeaders": []}
        if known:
            node["uploadUrl"] = None
        elif asked.get("uploadPartsInput"):
            node["uploadUrl"] = files.address(service, stored["upload"], asked["name"])
            node["uploadMultipartUrls"] = multipart.begin(service, stored, asked["uploadPartsInput"])
        else:
            node["uploadUrl"] = files.address(service, stored["upload"], asked["name"])
        edges.append({"cursor": "", "node": node})
    return {"files": {"edges": edges, "totalCount": len(edges), "pageInfo": {"hasNextPage": False}}}


def _link(_: Any, info: Any, values: dict[str, Any]) -> Any:
    membership = artifacts.link(info.context, values)
    return {"versionIndex": membership["version_index"], "artifactMembership": membership}


def _unlink(_: Any, info: Any, values: dict[str, Any]) -> Any:
    artifacts.unlink(info.context, values)
    return SUCCESS


def _delete(_: Any, info: Any, values: dict[str, Any]) -> Any:
    found = artifacts.need(info.context, values["artifactID"])
    artifacts.delete(info.context, found["id"], delete_aliases=bool(values.get("deleteAliases")))
    return _payload(found)


def _aliases(*, add: bool) -> Any:
    def resolve(_: Any, info: Any, values: dict[str, Any]) -> Any:
        artifacts.change_aliases(info.context, values, add=add)
        return SUCCESS

    return resolve


def _update_collection(kind: str, key: str) -> Any:
    def resolve(_: Any, info: Any, values: dict[str, Any]) -> Any:
        service: Service = info.context
        found = collections.need(service, values[key], kind)
        changes = {name: values[name] for name in ("name", "description") if values.get(name) is not None}
        names.check_all(service, "collection", [changes["name"]] if "name" in changes else None)
        taken = collections.find(service, found["project_id"], changes.get("name", ""))
        if taken is not None and taken["id"] != found["id"]:
            raise ServiceError(f"collection {changes['name']} exists", service.switches.conflict)
        service.store.update("collection", found["id"], **changes, updated_ms=ids.now_ms())
        return {"artifactCollection": collections.by_id(service, found["id"])}

    return resolve


def _delete_collection(kind: str, key: str) -> Any:
    def resolve(_: Any, info: Any, values: dict[str, Any]) -> Any:
        service: Service = info.context
        found = collections.need(service, values[key], kind)
        for membership in collections.members(service, found["id"]):
            if kind == collections.SEQUENCE:
                artifacts.delete(service, membership["artifact_id"], delete_aliases=True)
            else:
                collections.leave(service, membership)
        service.store.update("collection", found["id"], state="DELETED", updated_ms=ids.now_ms())
        return {"artifactCollection": collections.by_id(service, found["id"])}

    return resolve


def _move(_: Any, info: Any, values: dict[str, Any]) -> Any:
    service: Service = info.context
    found = collections.need(service, values["artifactSequenceID"], collections.SEQUENCE)
    kind = collections.make_type(service, found["project_id"], values["destinationArtifactTypeName"])
    service.store.update("collection", found["id"], type_id=kind["id"], updated_ms=ids.now_ms())
    return {"artifactCollection": collections.by_id(service, found["id"])}


def _collection_tags(*, add: bool) -> Any:
    def resolve(_: Any, info: Any, values: dict[str, Any]) -> Any:
        service: Service = info.context
        project = accounts.need_project(service, values["entityName"], values["projectName"])
        found = collections.find(service, project["id"], values["artifactCollectionName"])
        if found is None:
            raise ServiceError(f"collection {values['artifactCollectionName']} not found", 404)
        tags = values["tags"]
        collections.change_tags(service, "collection", found["id"], tags if add else None, None if add else tags)
        return {"tags": collections.tag_rows(service, "collection", found["id"])} if add else SUCCESS

    return resolve


RESOLVERS = {
    "createArtifact": lambda _, info, values: _payload(artifacts.create(info.context, values)),
    "createArtifactManifest": lambda _, info, values: {
        "artifactManifest": artifacts.create_manifest(info.context, values)
    },
    "updateArtifactManifest": lambda _, info, values: {
        "artifactManifest": artifacts.update_manifest(info.context, values)
    },
    "createArtifactFiles": _create_files,
    "completeMultipartUploadArtifact": lambda _, info, values: {"digest": multipart.complete(info.context, values)},
    "commitArtifact": lambda _, info, values: _payload(artifacts.commit(info.context, values["artifactID"])),
    "useArtifact": lambda _, info, values: _payload(artifacts.use(info.context, values)),
    "updateArtifact": lambda _, info, values: _payload(artifacts.change(info.context, values)),
    "deleteArtifact": _delete,
    "addAliases": _aliases(add=True),
    "deleteAliases": _aliases(add=False),
    "linkArtifact": _link,
    "unlinkArtifact": _unlink,
    "moveArtifactSequence": _move,
    "updateArtifactSequence": _update_collection(collections.SEQUENCE, "artifactSequenceID"),
    "updateArtifactPortfolio": _update_collection(collections.PORTFOLIO, "artifactPortfolioID"),
    "deleteArtifactSequence": _delete_collection(collections.SEQUENCE, "artifactSequenceID"),
    "deleteArtifactPortfolio": _delete_collection(collections.PORTFOLIO, "artifactPortfolioID"),
    "createArtifactCollectionTagAssignments": _collection_tags(add=True),
    "deleteArtifactCollectionTagAssignments": _collection_tags(add=False),
}
