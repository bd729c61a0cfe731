"""What a gate knows of a version: collected once, so that judging it is a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.models import ModelVersion
from trackbridge.records.runs import RunRecord

__all__ = ["Facts", "Slice", "SliceTable", "Sliced"]


@dataclass(frozen=True, slots=True)
class Slice:
    """A metric on one part of the data.

    `of` says which: (attribute, value) pairs. `rows` is how many rows it has, None where nobody logged that.
    """

    of: tuple[tuple[str, str], ...]
    value: float
    rows: int | None

    @property
    def name(self) -> str:
        """The slice as people write it: ``sex = F, age_band = 60+``."""
        return ", ".join(f"{attribute} = {value}" for attribute, value in self.of)


@dataclass(frozen=True, slots=True)
class SliceTable:
    """A logged table of predictions: the artifact's path, and the names of its columns of truth and of predictions.

    `positive` is the label, as text, that rates such as tpr count as positive.
    """

    path: str
    truth: str
    prediction: str
    positive: str = "1"


@dataclass(frozen=True, slots=True)
class Sliced:
    """What a table of predictions came to, or why it came to nothing."""

    slices: tuple[Slice, ...] = ()
    why_not: str = ""


Computed: TypeAlias = Mapping[tuple[SliceTable, str, tuple[str, ...]], Sliced]


@dataclass(frozen=True, slots=True)
class Facts:
    """A version and the run that made it.

    Attributes:
        version: The version.
        run: Its run; None where it has none here, or it is gone.
        artifacts: Every artifact of the run.
        computed: Slices computed from tables, by table, metric and attributes.
        read_ms: When all this was read.
    """

    version: ModelVersion
    run: RunRecord | None
    artifacts: tuple[ArtifactRecord, ...] = ()
    computed: Computed = field(default_factory=dict)
    read_ms: int = 0

    @property
    def label(self) -> str:
        """The version in a sentence."""
        return f"version {self.version.number}"

    def metric(self, name: str) -> MetricSummary | None:
        """Give a metric of the run; None where it was not logged."""
        return None if self.run is None else self.run.metrics.get(name)
