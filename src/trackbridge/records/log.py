"""What a run hands over to be delivered: the records between a script's calls and the adapters'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.values import ParamValue
from trackbridge.records.writes import AttributeWrite, Stamp, StatusWrite, TagWrite

__all__ = [
    "LogRecord",
    "LoggedArtifact",
    "LoggedObject",
    "LoggedParams",
    "LoggedPoint",
    "LoggedSeries",
    "LoggedVersion",
]

# (name, step, timestamp in ms, value, stamped): a step of None is resolved later, and so are ties between times that
# were stamped and not given (M3). A plain tuple, because one is made for every point on the training thread.
LoggedPoint: TypeAlias = tuple[str, int | None, int, float, bool]


@dataclass(frozen=True, slots=True)
class LoggedSeries:
    """Many points of one metric; without steps or timestamps they are resolved as if logged one by one at `now_ms`."""

    name: str
    steps: tuple[int, ...] | None
    timestamps_ms: tuple[int, ...] | None
    values: tuple[float, ...]
    now_ms: int


@dataclass(frozen=True, slots=True)
class LoggedParams:
    """Params that were logged together, flat and checked."""

    params: Mapping[str, ParamValue]


@dataclass(frozen=True, slots=True)
class LoggedArtifact:
    """A file as it was at the call (A4).

    `source` is a private copy where `staged`, which is removed once delivered; otherwise the caller's own file, which
    is delivered only if it is still what it was.
    """

    path: str
    source: Path
    size: int
    sha256: str
    stamp: Stamp
    staged: bool


@dataclass(frozen=True, slots=True)
class LoggedObject:
    """A file of the environment (E1): an object of the run's scope, hidden from artifact listings."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class LoggedVersion:
    """A model version to create from an artifact of the run (G2).

    `token` makes it idempotent. `digest` is the folder digest, None where the writer does not know all of the files.
    """

    token: str
    model: str
    artifact_path: str
    digest: str | None
    created_ms: int
    signature: str | None = None
    input_example: str | None = None


LogRecord: TypeAlias = (
    LoggedParams
    | LoggedSeries
    | TagWrite
    | AttributeWrite
    | DatasetRecord
    | StatusWrite
    | LoggedArtifact
    | LoggedObject
    | LoggedVersion
)
