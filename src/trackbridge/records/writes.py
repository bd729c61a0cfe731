"""What is written to a run: the units that a script hands over and an adapter receives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.runs import RunStatus
from trackbridge.records.values import ParamValue

__all__ = ["AttributeWrite", "RunHeader", "RunWrites", "Stamp", "StatusWrite", "TagWrite"]


class Stamp(NamedTuple):
    """When and by whom a value was written: of two writes the greatest stamp wins (T1)."""

    wall_ns: int
    writer: str
    sequence: int


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What a run is born with; it never changes afterwards (R1, R3, R6)."""

    id: str
    experiment: str
    started_ms: int
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class TagWrite:
    """A tag set, or with None deleted (T1)."""

    name: str
    value: str | None
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class AttributeWrite:
    """An attribute set, or with None deleted (R9, E1); the attribute ``name`` is the run's own name.

    An attribute never holds the value None: absence says that.
    """

    name: str
    value: ParamValue
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class StatusWrite:
    """A status, and the end time where it ends the run.

    Of two writes the greater epoch wins, within an epoch an ended status over RUNNING, then the stamp (R5).
    """

    epoch: int
    status: RunStatus
    ended_ms: int | None
    stamp: Stamp

    @property
    def key(self) -> tuple[int, bool, Stamp]:
        """What decides between two writes: the greater key wins."""
        return self.epoch, self.status != "RUNNING", self.stamp


@dataclass(frozen=True, slots=True)
class RunWrites:
    """One batch of changes to one run, all of them idempotent."""

    params: Mapping[str, ParamValue] = field(default_factory=dict)
    tags: tuple[TagWrite, ...] = ()
    attributes: tuple[AttributeWrite, ...] = ()
    datasets: tuple[DatasetRecord, ...] = ()
    status: StatusWrite | None = None

    def __bool__(self) -> bool:
        return bool(self.params or self.tags or self.attributes or self.datasets or self.status)
