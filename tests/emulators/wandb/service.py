"""What every part of the service holds: the store, the switches, whose account it is, what went wrong."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from emulators.wandb.limits import Limits
from emulators.wandb.store import Store
from emulators.wandb.switches import Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user in one organization.

    The organization's entity holds its registries (wandb/sdk/artifacts/_gqlutils.py, resolve_org_entity_name).
    """

    key: str = "0" * 40
    username: str = "tester"
    email: str = "tester@example.com"
    teams: tuple[str, ...] = ("team",)
    organization: str = "Example Org"
    org_entity: str = "example-org"

    @property
    def default_entity(self) -> str:
        return self.teams[0] if self.teams else self.username

    @property
    def entities(self) -> tuple[str, ...]:
        return (self.username, *self.teams, self.org_entity)


@dataclass(slots=True)
class Record:
    """What requests there were, and which of them no client may make."""

    violations: list[dict[str, Any]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def violation(self, kind: str, what: str, message: str) -> None:
        with self._lock:
            self.violations.append({"kind": kind, "what": what, "message": message, "time": time.time()})

    def request(self, name: str) -> None:
        with self._lock:
            self.requests[name] += 1

    def to_dict(self) -> dict[str, Any]:
        with self._lock:
            return {"violations": list(self.violations), "requests": dict(self.requests)}

    def clear(self) -> None:
        with self._lock:
            self.violations.clear()
            self.requests.clear()


@dataclass(slots=True)
class Service:
    """The emulated service, without its HTTP."""

    store: Store
    account: Account = field(default_factory=Account)
    switches: Switches = field(default_factory=Switches)
    record: Record = field(default_factory=Record)
    limits: Limits = field(default_factory=Limits)
    base_url: str = ""
    arrivals: dict[int, list[tuple[float, int]]] = field(default_factory=dict)
    """When history of a run came lately, and the first line's number: only while the switch `history_lag_s` is set."""
    searches: dict[object, tuple[int, list[sqlite3.Row]]] = field(default_factory=dict)
    """What the last searches found, and how many changes there had been: pages of a listing are many searches."""

    def features(self) -> dict[str, bool]:
        return {name: name not in self.switches.features_off for name in FEATURES}


# core/api/proto/…/wandb_internal.proto, ServerFeature: those of tracking and artifacts.
FEATURES = (
    "ARTIFACT_COLLECTIONS_FILTERING_SORTING",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILE_DOWNLOAD_HANDLER",
    "ARTIFACT_DIGEST_ALGORITHM",
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
    "ARTIFACT_REGISTRY_SEARCH",
    "ARTIFACT_TAGS",
    "ARTIFACT_V2_DOWNLOAD_HANDLER_SUPPORTS_ARTIFACT_ID",
    "CLIENT_IDS",
    "FILESTREAM_GZIP",
    "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION",
    "LARGE_FILENAMES",
    "MARK_RUN_FILES_UPLOADED",
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
    "SWEEPS_QUERY_FILTERING",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
)
