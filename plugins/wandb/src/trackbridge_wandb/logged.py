"""What a run logged through W&B's own client as W&B's artifacts, shown as artifacts of the run.

A version is a folder, ``artifacts/<collection>/v<index>``, with its files under their own paths. What it only refers to
is not in W&B: it is named in the attribute ``wandb.not_carried``, and no file. A file of the run itself under the same
path is in its place.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, BinaryIO, Final
from urllib.parse import urlsplit

from trackbridge.errors import NotFound, TrackbridgeError, Transient
from trackbridge_wandb.client import Client, Connection, nodes, pages
from trackbridge_wandb.document import Document
from trackbridge_wandb.files import Files
from trackbridge_wandb.naming import ARTIFACTS_FOLDER
from trackbridge_wandb.operations import FILE, OUTPUT_LINKS, OUTPUTS, OUTPUTS_OF_RUNS
from trackbridge_wandb.sources import Entry, Manifests, Source, is_users, source_of

__all__ = ["Logged"]

_PAGE: Final = 100
_RUNS_PER_QUERY: Final = 25
_OUTPUTS_PER_RUN: Final = 40  # in a query about several runs; of a run with more, further pages are asked for
_RUNS_KEPT: Final = 1_000
_READERS: Final = 8
_NAMED: Final = 20  # references of one version; the rest is counted
_BYTES: Final = 30_000  # of all that is named of a run: an attribute holds 64 KiB
_PATH: Final = re.compile(rf"({ARTIFACTS_FOLDER}/[^/]+/v\d+)/(.+)", re.DOTALL)

_Run = tuple[str, str]  # a run's project, and its name there


class Logged:
    """Finds, lists and opens it; runs that W&B's own client never touched cost no request."""

    def __init__(self, client: Client, files: Files) -> None:
        self._client = client
        self._files = files
        self._manifests = Manifests(client)
        self._lock = threading.Lock()
        self._seen: dict[_Run, dict[str, Source]] = {}  # whether a version is there still is always asked of W&B

    def wanted(self, native: Mapping[str, Any], prefix: str) -> int:
        """Give how many versions that a run logged `files` is to be given of it; 0 where it needs none."""
        return _PAGE if _overlap(ARTIFACTS_FOLDER, prefix) and Document(native["config"]).foreign else 0

    def files(
        self, native: Mapping[str, Any], prefix: str, first: Mapping[str, Any]
    ) -> Iterator[tuple[str, int | None]]:
        """Give path and size in bytes of every file at or below `prefix`, a whole path or folder.

        Args:
            native: W&B's record of the run.
            prefix: Which files.
            first: The first page of the versions that it logged.
        """
        run = native["project_name"], str(native["name"])
        for source in self._remembered(run, self._pages(OUTPUTS, run, first)):
            if not _overlap(source.folder, prefix):
                continue
            for path, entry in self._contents(source)[0].items():
                if _is_below(path, prefix):
                    yield path, entry.size

    def open(self, native: Mapping[str, Any], path: str) -> BinaryIO | None:
        """Open a file, checked against its MD5; None where there is none.

        Raises:
            IntegrityError: it is not what the manifest says.
        """
        found = self._find(native, path)
        if found is None:
            return None
        source, entry = found
        answer = self._client.ask(
            FILE,
            project=native["project_name"],
            run=native["name"],
            names=[path],
            owner=source.collection.entity,
            home=source.collection.project,
            collection=source.collection.name,
            alias=f"v{source.index}",
            paths=[entry.path],
        )
        for file in nodes(((answer.get("project") or {}).get("run") or {}).get("files")):
            if file["name"] == path:
                return self._files.download(file)
        member = ((answer.get("home") or {}).get("artifactCollection") or {}).get("artifactMembership") or {}
        if (member.get("artifact") or {}).get("id") == source.id:
            for file in nodes(member["files"]):
                if file["name"] == entry.path:
                    size = file["sizeBytes"] if entry.size is None else entry.size
                    return self._files.download({**file, "sizeBytes": size}, entry.md5)
        return None

    def not_carried(self, natives: Iterable[Mapping[str, Any]]) -> dict[_Run, Sequence[str]]:
        """Name what the versions that runs logged only refer to, by run; in few requests for many runs."""
        runs = self._sources_of_runs(natives)
        versions = {source.id: source for sources in runs.values() for source in sources}
        with ThreadPoolExecutor(_READERS) as readers:
            named = dict(zip(versions, readers.map(self._references, versions.values()), strict=True))
        return {run: _bounded([named[source.id] for source in sources]) for run, sources in runs.items()}

    def linked(self, native: Mapping[str, Any], registry: tuple[str, str]) -> set[str]:
        """Give the collections of a registry, an entity and a project, that versions which a run logged are linked to."""
        if not Document(native["config"]).foreign:
            return set()
        members = (
            member["artifactCollection"]
            for node in self._pages(OUTPUT_LINKS, (native["project_name"], native["name"]))
            for member in nodes(node["artifactMemberships"])
        )
        return {
            one["name"]
            for one in members
            if one and one["project"] and (one["project"]["entity"]["name"], one["project"]["name"]) == registry
        }

    # Versions

    def _sources(self, native: Mapping[str, Any]) -> Sequence[Source]:
        run = native["project_name"], str(native["name"])
        if not Document(native["config"]).foreign:
            return ()
        return self._remembered(run, self._pages(OUTPUTS, run))

    def _sources_of_runs(self, natives: Iterable[Mapping[str, Any]]) -> dict[_Run, Sequence[Source]]:
        projects: defaultdict[str, list[str]] = defaultdict(list)
        for native in natives:
            if Document(native["config"]).foreign:
                projects[native["project_name"]].append(native["name"])
        found: dict[_Run, Sequence[Source]] = {}
        for project, names in projects.items():
            for start in range(0, len(names), _RUNS_PER_QUERY):
                found |= self._asked(project, names[start : start + _RUNS_PER_QUERY])
        return found

    def _asked(self, project: str, names: Sequence[str]) -> Iterator[tuple[_Run, Sequence[Source]]]:
        filters = json.dumps({"name": {"$in": list(names)}})

        def ask(cursor: str | None) -> Connection | None:
            found = self._client.ask(
                OUTPUTS_OF_RUNS,
                project=project,
                filters=filters,
                cursor=cursor,
                perPage=_RUNS_PER_QUERY,
                order="+created_at",
                outputs=_OUTPUTS_PER_RUN,
            )
            return (found.get("project") or {}).get("runs")

        for page in pages(ask):
            for node in nodes(page):
                run = project, str(node["name"])
                yield run, _sources(self._pages(OUTPUTS, run, node["artifacts"]))

    def _pages(self, document: str, run: _Run, first: Connection | None = None) -> Iterator[Mapping[str, Any]]:
        """Give W&B's records of the versions that a run logged, of which the first page may be there already."""

        def ask(cursor: str | None) -> Connection | None:
            found = self._client.ask(document, project=run[0], run=run[1], cursor=cursor, perPage=_PAGE)
            return ((found.get("project") or {}).get("run") or {}).get("artifacts")

        for page in pages(ask, first):
            yield from nodes(page)

    def _remembered(self, run: _Run, records: Iterable[Mapping[str, Any]]) -> Sequence[Source]:
        found = _sources(records)
        with self._lock:
            self._seen.pop(run, None)
            self._seen[run] = {one.folder: replace(one, manifest_url=None) for one in found}
            if len(self._seen) > _RUNS_KEPT:
                del self._seen[next(iter(self._seen))]
        return found

    # Files

    def _find(self, native: Mapping[str, Any], path: str) -> tuple[Source, Entry] | None:
        """Give the version that has the bytes of a path, and their entry there."""
        match = _PATH.fullmatch(path)
        if match is None:
            return None
        with self._lock:
            source = self._seen.get((native["project_name"], str(native["name"])), {}).get(match[1])
        source = source or next((one for one in self._sources(native) if one.folder == match[1]), None)
        if source is None:
            return None
        try:
            entry = self._manifests.of(source).entries.get(match[2])
        except NotFound:
            return None
        if entry is None:
            return None
        return (source, entry) if entry.ref is None else self._manifests.target(entry)

    def _contents(self, source: Source) -> tuple[dict[str, Entry], list[Entry]]:
        """Give the files of a version by their paths in the run, and what has no bytes in W&B."""
        files: dict[str, Entry] = {}
        references: list[Entry] = []
        try:
            entries = self._manifests.of(source).entries
        except NotFound:  # deleted since it was listed
            return files, references
        for path, entry in entries.items():
            held = (source, entry) if entry.ref is None else self._manifests.target(entry)
            if held is None:
                references.append(entry)
            else:
                files[f"{source.folder}/{path}"] = held[1]
        return files, references

    def _references(self, source: Source) -> list[str]:
        try:
            references = sorted(self._contents(source)[1], key=lambda one: one.path)
        except Transient:
            raise
        except TrackbridgeError as error:  # a listing of files says so aloud; a search must not fail of it
            return [f"files of {source.label}, which cannot be read ({type(error).__name__})"]
        named = [f"reference {source.label}/{one.path} ({_shown(one.ref or '')})" for one in references[:_NAMED]]
        more = len(references) - len(named)
        return [*named, f"{more} more references of {source.label}"] if more else named


def _sources(records: Iterable[Mapping[str, Any]]) -> Sequence[Source]:
    """Give the versions that are there and the users' own, each once."""
    return tuple({one.id: one for node in records if is_users(node) and (one := source_of(node)) is not None}.values())


def _overlap(folder: str, prefix: str) -> bool:
    return _is_below(folder, prefix) or _is_below(prefix, folder)


def _is_below(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(f"{prefix}/")


def _shown(uri: str) -> str:
    """Give an address without what may be a secret in it."""
    try:
        address = urlsplit(uri)
    except ValueError:
        return "no address"
    host = address.netloc.rpartition("@")[2]
    return f"{address.scheme}://{host}{address.path}" if address.scheme else address.path


def _bounded(versions: Sequence[Sequence[str]]) -> Sequence[str]:
    """Join what is named of several versions, as far as an attribute holds it."""
    named: list[str] = []
    size = 0
    for number, names in enumerate(versions):
        size += sum(len(name.encode(errors="replace")) for name in names)
        if size > _BYTES:
            return [*named, f"references of up to {len(versions) - number} more versions"]
        named += names
    return named
