"""What W&B holds beside runs as trackbridge knows them: it travels as files, or is said to stay (declared by name)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final

from trackbridge.protocol import SurplusFile
from trackbridge.records.values import canonical_json
from trackbridge_wandb.client import Client, Connection, nodes, pages
from trackbridge_wandb.document import Document
from trackbridge_wandb.finding import Finder
from trackbridge_wandb.operations import EVENTS, LOGGED_RECORDS, USED_RECORDS
from trackbridge_wandb.sources import Source, is_users, source_of

__all__ = ["STAYS", "TRAVELS", "Surplus"]

TRAVELS: Final[Mapping[str, str]] = {
    "wandb.artifact-uses": "which versions of artifacts a run used, and what W&B keeps of each",
    "wandb.artifact-versions": "what W&B keeps of each version that a run logged, beside its files: type, description, "
    "metadata, digest, tags and aliases",
    "wandb.system-metrics": "what W&B's client measured of the machine while the run lasted",
}
STAYS: Final[Mapping[str, str]] = {
    "wandb.artifacts-of-no-run": "versions of artifacts that no run logged",
    "wandb.automations": "automations, alerts and webhooks",
    "wandb.collections": "descriptions and tags of collections of artifacts, and how long their versions are kept",
    "wandb.internal-artifacts": "what W&B logs for itself: jobs, and histories as tables",
    "wandb.launch": "queues and agents of Launch",
    "wandb.long-system-metrics": "what was measured of the machine, of runs with more than 10,000 rows of it",
    "wandb.reports": "reports",
    "wandb.sweeps": "the search space and the schedule of a sweep; its runs say which one they belong to",
    "wandb.users": "members, teams, roles and service accounts",
    "wandb.views": "workspaces, saved views and panels",
    "wandb.weave": "Weave's traces, evaluations and data sets",
}

_PAGE: Final = 100
_MOST_ROWS: Final = 10_000  # W&B samples rows about the machine, so that more cannot be read page by page


class Surplus:
    """See `trackbridge.protocol.SurplusStore`. Of a run that W&B's client never touched it is nothing, and costs nothing."""

    travels = TRAVELS
    stays = STAYS

    def __init__(self, client: Client, finder: Finder) -> None:
        self._client = client
        self._finder = finder

    def of_run(self, run_id: str) -> Iterator[SurplusFile]:
        """Give the surplus of one run."""
        natives = [one for one in self._finder.existing(run_id) if Document(one["config"]).foreign]
        logged = [one for native in natives for one in self._records(LOGGED_RECORDS, native) if is_users(one)]
        used = [one for native in natives for one in self._records(USED_RECORDS, native)]
        for kind, path, found in (
            ("wandb.artifact-versions", "wandb/artifact-versions.json", logged),
            ("wandb.artifact-uses", "wandb/artifact-uses.json", used),
        ):
            if rows := [_row(one, source) for one in sorted(found, key=_order) if (source := source_of(one))]:
                yield SurplusFile(kind, path, _bytes(canonical_json(rows)))
        if lines := [line for native in natives for line in self._events(native)]:
            yield SurplusFile("wandb.system-metrics", "wandb/system-metrics.jsonl", _bytes("".join(lines)))

    def _records(self, document: str, native: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        def ask(cursor: str | None) -> Connection | None:
            found = self._client.ask(
                document, project=native["project_name"], run=native["name"], cursor=cursor, perPage=_PAGE
            )
            return ((found.get("project") or {}).get("run") or {}).get("artifacts")

        for page in pages(ask):
            yield from nodes(page)

    def _events(self, native: Mapping[str, Any]) -> Iterator[str]:
        """Give rows about the machine, a line of JSON each as W&B has it, where W&B gives all of them."""
        found = self._client.ask(EVENTS, project=native["project_name"], run=native["name"], samples=_MOST_ROWS)
        run = (found.get("project") or {}).get("run") or {}
        rows = run.get("events") or ()
        if len(rows) >= (run.get("eventsLineCount") or 0):
            yield from (f"{row.strip()}\n" for row in rows)


def _order(node: Mapping[str, Any]) -> tuple[str, int]:
    return _path(node["artifactSequence"]), int(node["versionIndex"] or 0)


def _row(node: Mapping[str, Any], source: Source) -> dict[str, Any]:
    aliases = ((one["alias"], one["artifactCollection"]) for one in node["aliases"])
    return {
        "version": f"{_path(node['artifactSequence'])}:v{source.index}",
        "folder": source.folder,
        "type": source.collection.kind,
        "description": node["description"],
        "metadata": json.loads(node["metadata"] or "{}", parse_constant=str, parse_float=_number),
        "digest": node["digest"],
        "created": node["createdAt"],
        "tags": sorted(tag["name"] for tag in node["tags"]),
        "aliases": sorted([_path(collection), alias] for alias, collection in aliases if collection),
    }


def _number(text: str) -> float | str:
    """Read a number; one that JSON cannot hold, which W&B takes, stays a text."""
    return number if isfinite(number := float(text)) else text


def _bytes(text: str) -> bytes:
    return text.encode(errors="backslashreplace")  # half a character is no reason to lose the rest


def _path(collection: Mapping[str, Any]) -> str:
    project = collection.get("project") or {"name": "", "entity": {"name": ""}}
    return f"{project['entity']['name']}/{project['name']}/{collection['name']}"
