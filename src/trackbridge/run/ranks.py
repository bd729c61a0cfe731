"""Distributed jobs: one rank logs for all, unless every rank is to (R8)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal

from trackbridge.errors import Rejected, TrackbridgeError, Unsupported
from trackbridge.journal import checked_rows
from trackbridge.records.log import LoggedVersion, LogRecord
from trackbridge.shipping import Delivery, LogPoints, PendingVersion

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

    def __init__(self) -> None:
        self.refuse: Callable[[TrackbridgeError], None] = _raise
        self.log_metric: LogPoints = self._check_one
        self.log_metrics: LogPoints = self._check

    @property
    def directory(self) -> None:
        """Give None: nothing is kept."""

    def place(self) -> None:
        """Give None: nothing is kept."""

    def admit(self, size_bytes: int) -> bool:
        """Admit anything: nothing is kept."""
        del size_bytes
        return True

    def put(self, record: LogRecord) -> None:
        """Let the record go."""

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

    def state(self) -> tuple[Delivery, ...]:
        """Give nothing."""
        return ()

    def become_child(self) -> None:
        """Do nothing: there is nothing of a parent's."""

    def flush(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Give nothing at once."""
        del timeout_s
        return ()

    def close(self, timeout_s: float) -> tuple[Delivery, ...]:
        """Give nothing at once."""
        del timeout_s
        return ()

    def _check_one(self, name: Any, value: Any, step: Any = None, *, timestamp: Any = None) -> None:
        self._check({name: value}, step, timestamp=timestamp)

    def _check(self, metrics: Mapping[Any, Any], step: Any = None, *, timestamp: Any = None) -> None:
        try:
            checked_rows(metrics.items(), step, timestamp)
        except Rejected as error:
            self.refuse(error)


def _raise(error: TrackbridgeError) -> None:
    raise error
