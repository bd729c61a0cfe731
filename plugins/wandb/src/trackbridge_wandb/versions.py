"""W&B's artifact versions: made with their files, linked to collections, listed in the order they were linked in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from trackbridge.errors import NotFound
from trackbridge_wandb.client import Client, Connection, pages
from trackbridge_wandb.hashing import md5_of
from trackbridge_wandb.naming import version_folder
from trackbridge_wandb.operations import (
    ADD_ALIASES,
    COLLECTION,
    COMMIT_ARTIFACT,
    CREATE_ARTIFACT,
    CREATE_ARTIFACT_FILES,
    CREATE_MANIFEST,
    DELETE_ALIASES,
    LINK_ARTIFACT,
    UNLINK_ARTIFACT,
    UPDATE_ARTIFACT,
    VERSIONS,
)

__all__ = ["Collection", "Content", "Origin", "Version", "Versions"]

_PAGE: Final = 500
_DIGEST_HEADER: Final = b"wandb-artifact-manifest-v1\n"  # sdk/artifacts/artifact_manifests/artifact_manifest_v1.py


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection of versions: of a project, or of a registry."""

    entity: str
    project: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Content:
    """One file of a version to be."""

    path: str
    content: BinaryIO
    size: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version was logged.

    Attributes:
        folder: Of the artifacts of the run that logged it.
        address: What W&B's own client finds it by.
        run: That run's entity, project and name; None where there is none any more, or a user made the version.
    """

    folder: str
    address: str
    run: tuple[str, str, str] | None


@dataclass(frozen=True, slots=True)
class Version:
    """A version as a member of a collection.

    Attributes:
        index: Its number there, from 0 on: W&B gives it as the version is linked, and never again.
        id: The version's own id.
        metadata: What it was made with.
        description: Shown with it.
        aliases: Of this collection.
        tags: Of the version.
        created: When it was made, as W&B writes times.
        origin: Where it was logged, if that was asked for.
    """

    index: int
    id: str
    metadata: Mapping[str, Any]
    description: str | None
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    created: str
    origin: Origin | None = None


class Versions:
    """Makes, links, labels and lists versions."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def make(
        self,
        into: Collection,
        run: str,
        metadata: Mapping[str, Any],
        contents: Iterable[Content] = (),
        *,
        logged: bool = True,
        references: Mapping[str, str] | None = None,
    ) -> str:
        """Make a version; give its id once the service has all of it.

        Nothing is told apart by its content: two versions of equal files are two.

        Args:
            into: The collection it is a version of.
            run: A run of the same project.
            metadata: What it says.
            contents: Its files.
            logged: W&B's lineage shows it as an output of the run.
            references: Addresses of what it only refers to, by name.
        """
        made = self._client.wire.query(
            CREATE_ARTIFACT,
            input={
                "artifactTypeName": into.kind,
                "artifactCollectionNames": [into.name],
                "entityName": into.entity,
                "projectName": into.project,
                "runName": run if logged else None,
                "digest": hashlib.md5(json.dumps(metadata, sort_keys=True).encode()).hexdigest(),  # noqa: S324 - W&B's
                "metadata": json.dumps(metadata),
                "enableDigestDeduplication": False,
            },
        )
        artifact = str(made["createArtifact"]["artifact"]["id"])
        entries = self._upload(into, run, artifact, contents)
        entries |= {name: {"digest": uri, "ref": uri} for name, uri in (references or {}).items()}
        self._upload_manifest(into, run, artifact, entries)
        self._client.wire.query(COMMIT_ARTIFACT, artifactID=artifact)
        return artifact

    def link(self, artifact: str, to: Collection, aliases: Sequence[str] = ()) -> None:
        """Link a version to a collection, which comes to be on first use; its place there is the service's to give."""
        self._client.wire.query(
            LINK_ARTIFACT,
            artifactPortfolioName=to.name,
            entityName=to.entity,
            projectName=to.project,
            aliases=[{"artifactCollectionName": to.name, "alias": alias} for alias in aliases],
            artifactId=artifact,
        )

    def unlink(self, artifact: str, of: Collection) -> None:
        """Take a version out of a collection; one that is not there is no fault."""
        found = self.find(of)
        if found is not None:
            with suppress(NotFound):
                self._client.wire.query(
                    UNLINK_ARTIFACT, input={"artifactID": artifact, "artifactPortfolioID": found["id"]}
                )

    def find(self, collection: Collection) -> dict[str, Any] | None:
        """Give W&B's record of a collection; None where there is none."""
        found = self._client.wire.query(
            COLLECTION,
            entity=collection.entity,
            project=collection.project,
            type=collection.kind,
            name=collection.name,
        )
        kind = (found.get("project") or {}).get("artifactType") or {}
        return kind.get("artifactCollection")

    def list(self, collection: Collection, *, origins: bool = False) -> list[Version]:
        """Give all versions of a collection, in the order they were linked in; `origins` says where each is from."""
        return sorted(self._pages(collection, origins), key=lambda version: version.index)

    def label(self, version: Version, of: Collection, *, add: Iterable[str] = (), drop: Iterable[str] = ()) -> None:
        """Add aliases to a version in a collection, which takes them from others, or drop some."""
        for document, names in ((ADD_ALIASES, sorted(add)), (DELETE_ALIASES, sorted(drop))):
            if names:
                place = {"artifactCollectionName": of.name, "entityName": of.entity, "projectName": of.project}
                inputs = [{**place, "alias": name} for name in names]
                self._client.wire.query(document, input={"artifactID": version.id, "aliases": inputs})

    def update(self, artifact: str, **fields: Any) -> None:
        """Change these fields of a version."""
        self._client.wire.query(UPDATE_ARTIFACT, input={"artifactID": artifact, **fields})

    def _upload(
        self, into: Collection, run: str, artifact: str, contents: Iterable[Content]
    ) -> dict[str, dict[str, Any]]:
        entries: dict[str, dict[str, Any]] = {}
        manifest = ""
        for one in contents:
            one.content.seek(0)
            digest = md5_of(one.content)
            manifest = manifest or self._manifest(into, run, artifact, "", "INCREMENTAL", upload=False)["id"]
            spec = {"artifactID": artifact, "artifactManifestID": manifest, "md5": digest, "name": one.path}
            made = self._client.wire.query(
                CREATE_ARTIFACT_FILES, input={"artifactFiles": [spec], "storageLayout": "V2"}
            )
            node = made["createArtifactFiles"]["files"]["edges"][0]["node"]
            if node["uploadUrl"]:
                one.content.seek(0)
                self._client.wire.put(node["uploadUrl"], node["uploadHeaders"] or [], one.content, one.size)
            birth = (node.get("artifact") or {}).get("id") or artifact
            entries[one.path] = {"digest": digest, "size": one.size, "birthArtifactID": birth}
        return entries

    def _upload_manifest(self, into: Collection, run: str, artifact: str, entries: Mapping[str, Any]) -> None:
        body = {
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "storagePolicyConfig": {"storageLayout": "V2"},
            "contents": entries,
        }
        data = json.dumps(body).encode()
        digest = hashlib.md5(_DIGEST_HEADER)  # noqa: S324 - W&B's
        for path in sorted(entries):
            digest.update(f"{path}:{entries[path]['digest']}\n".encode())
        file = self._manifest(into, run, artifact, digest.hexdigest(), "FULL", upload=True)["file"]
        self._client.wire.put(file["uploadUrl"], file["uploadHeaders"] or [], data, len(data))

    def _manifest(
        self, into: Collection, run: str, artifact: str, digest: str, kind: str, *, upload: bool
    ) -> dict[str, Any]:
        made = self._client.wire.query(
            CREATE_MANIFEST,
            artifactID=artifact,
            name="wandb_manifest.json",
            digest=digest,
            entityName=into.entity,
            projectName=into.project,
            runName=run,
            manifestType=kind,
            includeUpload=upload,
        )
        manifest: dict[str, Any] = made["createArtifactManifest"]["artifactManifest"]
        return manifest

    def _pages(self, collection: Collection, origins: bool) -> Iterator[Version]:
        def ask(cursor: str | None) -> Connection | None:
            found = self._client.wire.query(
                VERSIONS,
                entity=collection.entity,
                project=collection.project,
                type=collection.kind,
                collection=collection.name,
                cursor=cursor,
                perPage=_PAGE,
                sources=origins,
            )
            kind = (found.get("project") or {}).get("artifactType") or {}
            return (kind.get("artifactCollection") or {}).get("artifacts")

        for page in pages(ask):
            yield from (_version(edge, collection) for edge in page.get("edges") or ())


def _version(edge: Mapping[str, Any], collection: Collection) -> Version:
    node = edge["node"]
    aliases = [
        one["alias"]
        for one in node["aliases"] or ()
        if one["artifactCollection"]["name"] == collection.name
        and one["artifactCollection"]["project"]["name"] == collection.project
    ]
    return Version(
        index=int(edge["version"].removeprefix("v")),
        id=node["id"],
        metadata=json.loads(node["metadata"] or "{}"),
        description=node["description"],
        aliases=tuple(sorted(aliases)),
        tags=tuple(tag["name"] for tag in node["tags"] or ()),
        created=node["createdAt"],
        origin=_origin(node),
    )


def _origin(node: Mapping[str, Any]) -> Origin | None:
    sequence = node.get("artifactSequence") or {}
    project, index = sequence.get("project"), node.get("versionIndex")
    if project is None or index is None:
        return None
    maker = node.get("createdBy") or {}
    home = maker.get("project")
    return Origin(
        folder=version_folder(sequence["name"], index),
        address=f"{project['entity']['name']}/{project['name']}/{sequence['name']}:v{index}",
        run=None if home is None else (home["entity"]["name"], home["name"], maker["name"]),
    )
