"""Mutations of artifact versions and collections."""

from __future__ import annotations

import sqlite3
from typing import Any

from emulators.wandb import accounts, artifacts, files, ids, multipart
from emulators.wandb import artifact_collections as collections
from emulators.wandb.resolvers.artifacts import version_file
from emulators.wandb.resolvers.changes import SUCCESS
from emulators.wandb.service import Service, ServiceError


def _payload(artifact: sqlite3.Row) -> dict[str, Any]:
    return {"artifact": artifact}


def _create_files(_: Any, info: Any, input: dict[str, Any]) -> Any:
    service: Service = info.context
    edges = []
    for values in input["artifactFiles"]:
        stored, known = artifacts.create_file(service, values)
        owner = service.store.row("SELECT * FROM artifact WHERE id = ?", stored["artifact_id"])
        assert owner is not None
        node = version_file(service, owner, values["name"], {"digest": values["md5"]})
        node |= {"artifact": owner, "uploadHeaders": []}
        if known:
            node["uploadUrl"] = None
        elif values.get("uploadPartsInput"):
            node["uploadUrl"] = files.address(service, stored["upload"], values["name"])
            node["uploadMultipartUrls"] = multipart.begin(service, stored, values["uploadPartsInput"])
        else:
            node["uploadUrl"] = files.address(service, stored["upload"], values["name"])
        edges.append({"cursor": "", "node": node})
    return {"files": {"edges": edges, "totalCount": len(edges), "pageInfo": {"hasNextPage": False}}}


def _link(_: Any, info: Any, input: dict[str, Any]) -> Any:
    membership = artifacts.link(info.context, input)
    return {"versionIndex": membership["version_index"], "artifactMembership": membership}


def _unlink(_: Any, info: Any, input: dict[str, Any]) -> Any:
    artifacts.unlink(info.context, input)
    return SUCCESS


def _delete(_: Any, info: Any, input: dict[str, Any]) -> Any:
    found = artifacts.need(info.context, input["artifactID"])
    artifacts.delete(info.context, found["id"], delete_aliases=bool(input.get("deleteAliases")))
    return _payload(found)


def _aliases(*, add: bool) -> Any:
    def resolve(_: Any, info: Any, input: dict[str, Any]) -> Any:
        artifacts.change_aliases(info.context, input, add=add)
        return SUCCESS

    return resolve


def _update_collection(kind: str, key: str) -> Any:
    def resolve(_: Any, info: Any, input: dict[str, Any]) -> Any:
        service: Service = info.context
        found = collections.need(service, input[key], kind)
        changes = {name: input[name] for name in ("name", "description") if input.get(name) is not None}
        taken = collections.find(service, found["project_id"], changes.get("name", ""))
        if taken is not None and taken["id"] != found["id"]:
            raise ServiceError(f"collection {changes['name']} exists", service.switches.conflict)
        service.store.update("collection", found["id"], **changes, updated_ms=ids.now_ms())
        return {"artifactCollection": collections.by_id(service, found["id"])}

    return resolve


def _delete_collection(kind: str, key: str) -> Any:
    def resolve(_: Any, info: Any, input: dict[str, Any]) -> Any:
        service: Service = info.context
        found = collections.need(service, input[key], kind)
        for membership in collections.members(service, found["id"]):
            if kind == collections.SEQUENCE:
                artifacts.delete(service, membership["artifact_id"], delete_aliases=True)
            else:
                collections.leave(service, membership)
        service.store.update("collection", found["id"], state="DELETED", updated_ms=ids.now_ms())
        return {"artifactCollection": collections.by_id(service, found["id"])}

    return resolve


def _move(_: Any, info: Any, input: dict[str, Any]) -> Any:
    service: Service = info.context
    found = collections.need(service, input["artifactSequenceID"], collections.SEQUENCE)
    kind = collections.make_type(service, found["project_id"], input["destinationArtifactTypeName"])
    service.store.update("collection", found["id"], type_id=kind["id"], updated_ms=ids.now_ms())
    return {"artifactCollection": collections.by_id(service, found["id"])}


def _collection_tags(*, add: bool) -> Any:
    def resolve(_: Any, info: Any, input: dict[str, Any]) -> Any:
        service: Service = info.context
        project = accounts.need_project(service, input["entityName"], input["projectName"])
        found = collections.find(service, project["id"], input["artifactCollectionName"])
        if found is None:
            raise ServiceError(f"collection {input['artifactCollectionName']} not found", 404)
        tags = input["tags"]
        collections.change_tags(service, "collection", found["id"], tags if add else None, None if add else tags)
        return {"tags": collections.tag_rows(service, "collection", found["id"])} if add else SUCCESS

    return resolve


RESOLVERS = {
    "createArtifact": lambda _, info, input: _payload(artifacts.create(info.context, input)),
    "createArtifactManifest": lambda _, info, input: {
        "artifactManifest": artifacts.create_manifest(info.context, input)
    },
    "updateArtifactManifest": lambda _, info, input: {
        "artifactManifest": artifacts.update_manifest(info.context, input)
    },
    "createArtifactFiles": _create_files,
    "completeMultipartUploadArtifact": lambda _, info, input: {"digest": multipart.complete(info.context, input)},
    "commitArtifact": lambda _, info, input: _payload(artifacts.commit(info.context, input["artifactID"])),
    "useArtifact": lambda _, info, input: _payload(artifacts.use(info.context, input)),
    "updateArtifact": lambda _, info, input: _payload(artifacts.change(info.context, input)),
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
