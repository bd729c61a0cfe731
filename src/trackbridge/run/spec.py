"""What a run is made of, once the handshake is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trackbridge.records.values import ParamValue
from trackbridge.records.writes import RunHeader

if TYPE_CHECKING:
    from trackbridge.policy import Guard

__all__ = ["RunSpec"]


@dataclass(frozen=True, slots=True)
class RunSpec:
    """What a `Run` is made with.

    Attributes:
        header: The run.
        name: Its name.
        writer: The id of this writer, [a-z0-9].
        epoch: The owner epoch of this process (R5).
        attached: It writes neither status nor times (R8).
        urls: Pages that show it.
        params: The params it had before (P3).
        resumed: It was there before, so that not all it has is known here.
        strict: What a backend rejects raises (X2).
        warn: A bad call warns instead of raising.
        finish_timeout_s: How long `finish` waits.
        guard: Holds the run against a policy; None where there is none.
    """

    header: RunHeader
    name: str | None
    writer: str
    epoch: int
    attached: bool
    urls: tuple[str, ...]
    params: Mapping[str, ParamValue]
    resumed: bool
    strict: bool
    warn: bool
    finish_timeout_s: float
    guard: Guard | None = None
