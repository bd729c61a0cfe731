"""Facts made by hand: what the pure function is judged on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from trackbridge.gates import Facts
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.models import ModelVersion
from trackbridge.records.runs import RunRecord

NOW_MS = 1_800_000_000_000

MakeFacts = Callable[..., Facts]


def summary(value: float | MetricSummary, at_ms: int = NOW_MS - 1000) -> MetricSummary:
    return value if isinstance(value, MetricSummary) else MetricSummary(value, 0, at_ms, value, value, 1)


def make_facts(
    metrics: Mapping[str, float | MetricSummary] | None = None,
    *,
    number: int = 2,
    at_ms: int = NOW_MS - 1000,
    columns: list[tuple[Any, ...]] | None = None,
    signature: str | None = None,
    sizes: Mapping[str, int | None] | None = None,
    tags: Mapping[str, str] | None = None,
    version_tags: Mapping[str, str] | None = None,
    datasets: tuple[DatasetRecord, ...] = (),
    attributes: Mapping[str, Any] | None = None,
    run: bool = True,
) -> Facts:
    """Make a version with such metrics; `columns` are (name, type) or (name, type, required) of its signature."""
    if columns is not None:
        fields = [dict(zip(("name", "type", "required"), (*column, True)[:3], strict=True)) for column in columns]
        signature = json.dumps({"inputs": fields})
    version = ModelVersion(
        "fraud", number, "0" * 31 + str(number), "model", signature=signature, tags=version_tags or {}
    )
    record = RunRecord(
        version.run_id or "", "r", "e", "FINISHED", 0, tags=tags or {}, datasets=datasets, attributes=attributes or {},
        metrics={name: summary(value, at_ms) for name, value in (metrics or {}).items()},
    )  # fmt: skip
    files = tuple(ArtifactRecord(path, size, None) for path, size in (sizes or {}).items())
    return Facts(version, record if run else None, files, {}, NOW_MS)


@pytest.fixture(scope="session")
def facts() -> MakeFacts:
    return make_facts


@pytest.fixture(scope="session")
def baseline() -> MakeFacts:
    """Make the version that others are compared with: number 1, measured long ago."""
    return lambda metrics=None, **rest: make_facts(metrics, number=1, at_ms=0, **rest)
