"""What an adapter returns: the backend's own view, before the core adds what the sidecar holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from trackbridge.query import Expression, OrderKey
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.models import Approval, Stage
from trackbridge.records.runs import RunStatus
from trackbridge.records.values import ParamValue

__all__ = [
    "BackendInfo",
    "Mirror",
    "NativeMetric",
    "NativeModel",
    "NativeRun",
    "NativeVersion",
    "ObjectInfo",
    "Opened",
    "Refused",
    "Scan",
    "Scope",
    "VersionSpec",
    "VersionState",
]


@dataclass(frozen=True, slots=True)
class Opened:
    """The answer to `RunStore.create`: the vendor's own id, pages that show the run, and whether it is new."""

    native_id: str
    urls: tuple[str, ...]
    created: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """One item of a write that the backend did not take, while it took the rest.

    `kind` is "param", "tag", "attribute", "dataset", "status" or "point"; `clause` the clause that explains it.
    """

    kind: str
    name: str
    reason: str
    clause: str


@dataclass(frozen=True, slots=True)
class NativeMetric:
    """A metric as the backend summarizes it; what it does not know is None, and the core reads the series for it."""

    last: float | None = None
    last_step: int | None = None
    last_timestamp_ms: int | None = None
    min: float | None = None
    max: float | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class NativeRun:
    """One run as the backend holds it: native names and values.

    `sidecar` names the run's sidecar objects, each with its bytes where they came along for free, else None.
    """

    id: str
    native_id: str
    experiment: str
    name: str | None
    status: RunStatus
    started_ms: int
    ended_ms: int | None = None
    parent: str | None = None
    epoch: int = 0
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, MetricSummary | NativeMetric] = field(default_factory=dict)
    datasets: tuple[DatasetRecord, ...] = ()
    attributes: Mapping[str, ParamValue] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    deleted: bool = False
    sidecar: Mapping[str, bytes | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scan:
    """Which runs to go through.

    `where` and `order_by` may be used to narrow and to sort, or ignored, unless `Limits.ordered_scan` promises both.
    `experiments` and `deleted` must be heeded. An order ends with the id, nulls last in both directions (S4).
    """

    where: Expression | None = None
    experiments: tuple[str, ...] | None = None
    order_by: tuple[OrderKey, ...] = ()
    deleted: Literal["exclude", "only"] = "exclude"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an object belongs to: a run by its id, or a model by its name."""

    kind: Literal["run", "model"]
    key: str


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One object: its name within the scope, and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class VersionSpec:
    """What a model version is made with (G2).

    `token` makes creation idempotent. `run_id` is None for a model from elsewhere. `signature` is a JSON text.
    """

    token: str
    run_id: str | None
    artifact_path: str
    digest: str | None
    created_ms: int
    signature: str | None = None
    input_example: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VersionState:
    """What the trail says of a version, mirrored to the vendor's own fields (G5)."""

    stage: Stage = "None"
    approval: Approval = "pending"
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mirror:
    """The fold of a model's trail after `count` entries, the last of which has the hash `head` ("" for none)."""

    count: int
    head: str
    versions: Mapping[int, VersionState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NativeVersion:
    """A version as the backend holds it; `state` is what its own fields show now."""

    number: int
    spec: VersionSpec
    state: VersionState = VersionState()


@dataclass(frozen=True, slots=True)
class NativeModel:
    """A model as the backend holds it.

    `mirrored` is the count and head hash that lie on it, None before the first mirror. A backend that cannot write a
    mirror in one piece gives the oldest count that its fields may still be showing, so that a mirror in the making, or
    one that never was finished, is not taken for a change made outside.
    """

    name: str
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    created_ms: int = 0
    deleted: bool = False
    mirrored: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """What `Adapter.check` found: for ``trackbridge doctor``.

    `facts` are lines such as ("server", "3.17.2"); `warnings` are sentences about what is wrong but not fatal,
    and `missing` about records that the backend should hold and does not, as of an export that was cut short: nobody may
    then be told that all of it was moved.
    """

    facts: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
