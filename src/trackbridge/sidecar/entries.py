"""The entries of a sidecar: each says what one thing truly is, and which native value it accompanies (X3).

Entries are facts, never instructions: applying any set of them in any order gives one result. Every family has a
record of its own; `native…` is always what the adapter was given, the other fields are the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.runs import RunStatus
from trackbridge.records.values import ParamValue
from trackbridge.records.writes import Stamp, StatusWrite

__all__ = [
    "ArtifactEntry",
    "AttributeEntry",
    "DatasetEntry",
    "Entry",
    "MetricEntry",
    "ParamEntry",
    "PointsEntry",
    "StatusEntry",
    "TagEntry",
]


@dataclass(frozen=True, slots=True)
class ParamEntry:
    """The true name and value of a param whose native field could not take them, or could mean another type by them.

    Where two processes at once give one param values that look alike natively, such as True and ``"True"``, the vendor
    refuses neither: both leave an entry, one of them holds for every reader, and readers say so (P3).
    """

    kind: ClassVar[str] = "param"

    native_name: str
    native: ParamValue
    name: str
    value: ParamValue


@dataclass(frozen=True, slots=True)
class TagEntry:
    """One write of a tag; None is its deletion.

    `fold` says that the backend keeps no stamps, so that every write has left an entry and the reader decides by the
    greatest stamp (T1); otherwise the backend has decided, and the entry only explains what it shows.
    """

    kind: ClassVar[str] = "tag"

    native_name: str
    native: str | None
    name: str
    value: str | None
    stamp: Stamp
    fold: bool = False


@dataclass(frozen=True, slots=True)
class AttributeEntry:
    """One write of an attribute, as `TagEntry`; the attribute ``name`` is the run's own name."""

    kind: ClassVar[str] = "attribute"

    native_name: str
    native: ParamValue
    name: str
    value: ParamValue
    stamp: Stamp
    fold: bool = False


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """One write of the status, where the backend keeps no epochs and stamps itself (R5)."""

    kind: ClassVar[str] = "status"

    epoch: int
    status: RunStatus
    ended_ms: int | None
    stamp: Stamp

    @property
    def write(self) -> StatusWrite:
        """The write that it records."""
        return StatusWrite(self.epoch, self.status, self.ended_ms, self.stamp)


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """The true name of a metric that is shown under another; several native series may be one metric."""

    kind: ClassVar[str] = "metric"

    native_name: str
    name: str


@dataclass(frozen=True, slots=True)
class PointsEntry:
    """Points that have no native form, in columns: see `trackbridge.sidecar.columns`.

    `exclusive` says that the native series cannot hold these points as well, so that counts may be added.
    """

    kind: ClassVar[str] = "points"

    name: str
    columns: bytes
    exclusive: bool


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """A dataset record in full, where the backend's own form of it is poorer."""

    kind: ClassVar[str] = "dataset"

    dataset: DatasetRecord


@dataclass(frozen=True, slots=True)
class ArtifactEntry:
    """The true path and checksum of an artifact; it applies to a native file of the same size."""

    kind: ClassVar[str] = "artifact"

    native_name: str
    name: str
    size: int
    sha256: str
    stamp: Stamp


Entry: TypeAlias = (
    ParamEntry | TagEntry | AttributeEntry | StatusEntry | MetricEntry | PointsEntry | DatasetEntry | ArtifactEntry
)
