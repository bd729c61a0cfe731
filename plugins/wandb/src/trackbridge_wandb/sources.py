"""Versions of W&B's artifacts where they were logged, and what their manifests say is in them.

A version is never changed once it is committed, so that what was read of one is kept.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from trackbridge.errors import AuthError, IntegrityError, NotFound, Rejected
from trackbridge_wandb.client import Client
from trackbridge_wandb.naming import version_folder
from trackbridge_wandb.operations import ARTIFACT
from trackbridge_wandb.versions import Collection

__all__ = ["Entry", "Manifest", "Manifests", "Source", "is_ours", "is_users", "source_of"]

_COMMITTED: Final = "COMMITTED"
_OWN, _TOKEN = "trackbridge", "token"  # in the metadata of model versions that we log ourselves
_RESERVED: Final = "wandb-"
_TABLES: Final = "run_table", "run-"  # of `run.log` with a table, which is a file of the run, too
_JOB: Final = "job"
_BETWEEN: Final = "wandb-artifact"  # the scheme of a reference to an entry of another version
_HOPS: Final = 8
_MD5: Final = "MD5"
_ENTRIES_KEPT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Source:
    """A version where it was logged.

    Attributes:
        id: W&B's id of it.
        collection: The collection that it was logged to.
        index: Its number there.
        manifest_url: Where its manifest is got from, for a while; None where that is to be asked.
    """

    id: str
    collection: Collection
    index: int
    manifest_url: str | None = None

    @property
    def folder(self) -> str:
        """The folder of its run's artifacts that shows it."""
        return version_folder(self.collection.name, self.index)

    @property
    def label(self) -> str:
        """What W&B's users call it within its project."""
        return f"{self.collection.name}:v{self.index}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a version: its size in bytes, and its MD5 in base64 where that is the digest; or what it refers to."""

    path: str
    size: int | None
    md5: str | None
    ref: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a version.

    Attributes:
        source: The version.
        entries: All of it, by path.
    """

    source: Source
    entries: Mapping[str, Entry]


class Manifests:
    """Reads manifests; those used last are kept."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Manifest] = OrderedDict()
        self._weight = 0

    def of(self, source: Source) -> Manifest:
        """Give the manifest of a version.

        Raises:
            NotFound: the version is gone.
            IntegrityError: it is there, and its manifest is not.
        """
        known = self._known(source.id)
        if known is not None:
            return known
        contents = self._read(source).get("contents") or {}
        return self._keep(Manifest(source, {path: _entry(path, found) for path, found in contents.items()}))

    def _read(self, source: Source) -> Mapping[str, Any]:
        if source.manifest_url is not None:
            with suppress(AuthError, NotFound):  # the address may have held for a while only
                return self._client.wire.document(source.manifest_url)
        fresh = self._ask(source.id)
        if fresh is None:
            raise NotFound(f"W&B has no version {source.label} of {source.collection.project} any more", clause="A2")
        try:
            if fresh.manifest_url is not None:
                return self._client.wire.document(fresh.manifest_url)
        except NotFound as error:
            raise _unreadable(source) from error
        raise _unreadable(source)

    def target(self, entry: Entry) -> tuple[Source, Entry] | None:
        """Follow a reference between versions to where the bytes are; None for what is not in W&B, or not for us."""
        for _ in range(_HOPS):
            scheme, _, place = (entry.ref or "").partition("://")
            if scheme != _BETWEEN:
                return None
            artifact, _, path = place.partition("/")
            found = self._by_hex(artifact)
            there = None if found is None else found.entries.get(path)
            if found is None or there is None:
                return None
            if there.ref is None:
                return found.source, there
            entry = there
        return None

    def _by_hex(self, text: str) -> Manifest | None:
        """Give the manifest of the version that a reference names: by its id, written as hexadecimal digits."""
        try:
            artifact = base64.b64encode(bytes.fromhex(text)).decode()
        except (ValueError, binascii.Error):
            return None
        try:
            known = self._known(artifact)
            source = None if known is not None else self._ask(artifact)
            return known if source is None else self.of(source)
        except (AuthError, NotFound, Rejected):
            return None

    def _ask(self, artifact: str) -> Source | None:
        node = self._client.wire.query(ARTIFACT, id=artifact).get("artifact")
        return None if node is None else source_of(node)

    def _known(self, artifact: str) -> Manifest | None:
        with self._lock:
            known = self._kept.get(artifact)
            if known is not None:
                self._kept.move_to_end(artifact)
            return known

    def _keep(self, manifest: Manifest) -> Manifest:
        with self._lock:
            if manifest.source.id not in self._kept:
                self._kept[manifest.source.id] = manifest
                self._weight += 1 + len(manifest.entries)
            while len(self._kept) > 1 and self._weight > _ENTRIES_KEPT:
                self._weight -= 1 + len(self._kept.popitem(last=False)[1].entries)
        return manifest


def source_of(node: Mapping[str, Any]) -> Source | None:
    """Give a version by W&B's record; None for one that is not committed yet, deleted or expired."""
    sequence = node["artifactSequence"]
    project = sequence.get("project")
    if node["state"] != _COMMITTED or project is None or node["versionIndex"] is None:
        return None
    manifest = node.get("currentManifest")
    return Source(
        id=node["id"],
        collection=Collection(
            project["entity"]["name"], project["name"], node["artifactType"]["name"], sequence["name"]
        ),
        index=int(node["versionIndex"]),
        manifest_url=None if manifest is None else manifest["file"]["directUrl"],
    )


def is_users(node: Mapping[str, Any]) -> bool:
    """Tell whether somebody logged a version with W&B's client: not W&B for itself, and not trackbridge.

    Types that W&B's client keeps for itself: wandb 0.31, sdk/artifacts/_validators.py. Source code is the user's.
    """
    kind, name = node["artifactType"]["name"], node["artifactSequence"]["name"]
    own = kind.startswith(_RESERVED) or kind == _JOB or (kind == _TABLES[0] and name.startswith(_TABLES[1]))
    return not own and not is_ours(json.loads(node["metadata"] or "{}"))


def is_ours(metadata: Any) -> bool:
    """Tell whether trackbridge has made a version, by its metadata."""
    own = metadata.get(_OWN) if isinstance(metadata, Mapping) else None
    return isinstance(own, Mapping) and _TOKEN in own


def _unreadable(source: Source) -> IntegrityError:
    return IntegrityError(f"the version {source.label} of {source.collection.project} has no manifest", clause="A2")


def _entry(path: str, found: Mapping[str, Any]) -> Entry:
    algorithm = (found.get("extra") or {}).get("alg", _MD5)
    return Entry(
        path=path,
        size=found.get("size"),
        md5=found["digest"] if algorithm == _MD5 else None,
        ref=found.get("ref"),
    )
