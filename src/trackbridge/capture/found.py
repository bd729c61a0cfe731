"""What a provider finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trackbridge.records.values import ParamValue

__all__ = ["Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """Attributes by name, and files of the environment by name."""

    attributes: Mapping[str, ParamValue] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
