"""Experiments: what runs are grouped under (R2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["ExperimentRecord"]


@dataclass(frozen=True, slots=True)
class ExperimentRecord:
    """An experiment: its name, and optionally a description and tags."""

    name: str
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    created_ms: int = 0
    deleted: bool = False
