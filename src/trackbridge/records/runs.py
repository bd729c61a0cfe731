"""A run as a reader gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from trackbridge.errors import Rejected
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.names import shown
from trackbridge.records.values import ParamValue

__all__ = ["ENDED", "STATUSES", "RunRecord", "RunStatus", "check_status"]

RunStatus: TypeAlias = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]
STATUSES: Final[tuple[RunStatus, ...]] = get_args(RunStatus)
ENDED: Final = frozenset({"FINISHED", "FAILED", "KILLED"})


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, equal on every backend (R1–R9).

    `metrics` maps a metric's name to its summary; the points are read with ``store.metrics.read``. `attributes` holds
    what is neither param nor tag: ``notes``, ``source.*``, ``environment.*``, a foreign run's reserved tags.
    `native_id`, `urls` and `deleted` are the backend's own and belong to no digest.
    """

    id: str
    name: str | None
    experiment: str
    status: RunStatus
    started_ms: int
    ended_ms: int | None = None
    parent: str | None = None
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, MetricSummary] = field(default_factory=dict)
    datasets: tuple[DatasetRecord, ...] = ()
    attributes: Mapping[str, ParamValue] = field(default_factory=dict)
    native_id: str = ""
    urls: tuple[str, ...] = ()
    deleted: bool = False


def check_status(status: object) -> RunStatus:
    """Return `status` if it is one of the four (R3), else raise `Rejected`."""
    for known in STATUSES:
        if status == known:
            return known
    raise Rejected(f"{shown(status)} is not a status", clause="R3", remedy=f"Use one of {', '.join(STATUSES)}.")
