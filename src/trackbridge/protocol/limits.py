"""What a backend's own fields can hold, as data: the core moves the rest to the sidecar (X3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trackbridge.records.metrics import MAX_STEP, MIN_STEP
from trackbridge.records.times import MAX_TIME_MS

__all__ = ["ALL_TYPES", "SPECIAL_VALUES", "Limits", "NameRule"]

ALL_TYPES: Final = frozenset({"none", "bool", "int", "float", "str", "list", "dict"})
SPECIAL_VALUES: Final = frozenset({"nan", "inf", "negative_zero", "denormal"})


@dataclass(frozen=True, slots=True)
class NameRule:
    """Which names a vendor's field takes as they are.

    `pattern` is a regular expression that the whole name must match; `max_bytes` counts UTF-8. Other names are shown
    under a slug with a hash, and the sidecar keeps the true one.
    """

    pattern: str | None = None
    max_chars: int = 250
    max_bytes: int | None = None
    path_normal: bool = False
    reserved_prefixes: tuple[str, ...] = ()

    def admits(self, name: str) -> bool:
        """Tell whether the vendor keeps `name` as it is."""
        if len(name) > self.max_chars or (self.max_bytes is not None and len(name.encode()) > self.max_bytes):
            return False
        if name.startswith(self.reserved_prefixes):
            return False
        if self.path_normal and any(part in {"", ".", ".."} for part in name.split("/")):
            return False
        return self.pattern is None or re.fullmatch(self.pattern, name) is not None


@dataclass(frozen=True, slots=True)
class Limits:
    """What an adapter's `write` calls accept in one go, and what comes back from them unchanged.

    The defaults say "everything": a backend of our own needs none of them. None means no limit.

    Attributes:
        params_per_write: Params in one `RunStore.write`.
        tags_per_write: Tags and attributes in one `RunStore.write`.
        items_per_write: All of them together.
        points_per_write: Points in one `MetricStore.write`.
        param_types: The types of params that come back as they were; the others are given as text, with an entry in
            the sidecar that has the true one.
        param_chars: The longest text of a param, in code points.
        param_nul: Whether U+0000 may stand in a param's text, a tag's or an attribute's.
        tag_chars: The longest value of a tag.
        special_values: Which float64 values a metric keeps bit for bit.
        points_per_step: "all", or "last" where a second point at one step replaces the first.
        stamps: The adapter itself lets the greatest stamp win (T1), the greatest epoch (R5).
        typed_attributes: Attributes come back with their types.
        datasets: Dataset records come back whole.
        artifact_hashes: Artifacts are listed with the sha256 they were put with.
        summaries: `NativeRun.metrics` has min, max and count, not only the last value.
        ordered_scan: `RunStore.scan` yields in the order asked for, and only what matches.
        requests_per_s: A rate that the service asks its clients to keep.
    """

    params_per_write: int = 1_000
    tags_per_write: int = 1_000
    items_per_write: int = 2_000
    points_per_write: int = 100_000
    param_name: NameRule = NameRule()
    tag_name: NameRule = NameRule()
    metric_name: NameRule = NameRule()
    artifact_path: NameRule = NameRule(max_chars=100_000)
    param_types: frozenset[str] = ALL_TYPES
    param_chars: int | None = None
    param_nul: bool = True
    tag_chars: int | None = None
    special_values: frozenset[str] = SPECIAL_VALUES
    min_step: int = MIN_STEP
    max_step: int = MAX_STEP
    min_timestamp_ms: int = 0
    max_timestamp_ms: int = MAX_TIME_MS
    points_per_step: str = "all"
    stamps: bool = True
    typed_attributes: bool = True
    datasets: bool = True
    artifact_hashes: bool = True
    summaries: bool = True
    ordered_scan: bool = False
    requests_per_s: float | None = None
