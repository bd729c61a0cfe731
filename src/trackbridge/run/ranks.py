"""Distributed jobs: one rank logs for all, unless every rank is to (R8)."""

from __future__ import annotations

import os
from typing import Literal

from trackbridge.errors import TrackbridgeError, Unsupported
from trackbridge.records.log import LoggedArtifact, LoggedVersion, LogRecord
from trackbridge.shipping import Delivery, PendingVersion

__all__ = ["SilentOutlet", "is_silent_rank"]

# As torchrun and Open MPI set them; a scheduler's own task numbers may well count jobs that have nothing in common.
_VARIABLES = (("RANK", "WORLD_SIZE"), ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"))


def is_silent_rank(ranks: Literal["zero", "all"]) -> bool:
    """Tell whether this process leaves the logging to rank 0."""
    if ranks == "all":
        return False
    for rank, size in _VARIABLES:
        texts = os.environ.get(rank, ""), os.environ.get(size, "")
        if all(text.isdecimal() for text in texts):
            return int(texts[0]) > 0 and int(texts[1]) > 1
    return False


class SilentOutlet:
    """An `Outlet` of a rank that does not log."""

    def point(self, name: str, step: int | None, timestamp_ms: int, value: float, stamped: bool) -> None:
        """Let the point go."""

    def put(self, record: LogRecord) -> None:
        """Let the record go."""
        if isinstance(record, LoggedArtifact) and record.staged:
            record.source.unlink(missing_ok=True)

    def register(self, record: LoggedVersion) -> PendingVersion:
        """Promise nothing."""
        error = Unsupported(
            f"this rank does not log, so that it makes no version of {record.model!r}",
            clause="R8",
            remedy="Register on rank 0, or set ranks to 'all'.",
        )
        return PendingVersion.failed(error)

    def failure(self) -> TrackbridgeError | None:
        """Give None: nothing can fail."""
        return None

    def flush(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Give nothing at once."""
        del timeout_s
        return ()

    def close(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Give nothing at once."""
        del timeout_s
        return ()
