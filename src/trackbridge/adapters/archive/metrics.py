"""Series in an archive (M1–M5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackbridge.adapters.archive.runlogs import RunLogs
from trackbridge.adapters.archive.runstate import RunState, loose_commit
from trackbridge.protocol import Refused
from trackbridge.records.metrics import MetricPoint

__all__ = ["ArchiveMetrics"]


class ArchiveMetrics:
    """See `trackbridge.protocol.MetricStore`."""

    def __init__(self, logs: RunLogs) -> None:
        self._logs = logs

    def write(self, run_id: str, points: Sequence[MetricPoint]) -> tuple[Refused, ...]:
        """Add points to the sets, in one commit."""

        def decide(_: RunState) -> tuple[dict[str, object] | None, None]:
            return (loose_commit(points) if points else None), None

        self._logs.change(run_id, decide)
        return ()

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give every point of these metrics, or of all, as they are now."""
        return self._logs.read(run_id, names)
