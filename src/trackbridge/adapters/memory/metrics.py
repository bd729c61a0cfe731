"""Series in memory (M1–M5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackbridge.adapters.memory.state import MemoryState
from trackbridge.protocol import Refused
from trackbridge.records.metrics import MetricPoint, point_key

__all__ = ["MemoryMetrics"]


class MemoryMetrics:
    """See `trackbridge.protocol.MetricStore`."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def write(self, run_id: str, points: Sequence[MetricPoint]) -> tuple[Refused, ...]:
        """Add points to the sets."""
        with self._state.held() as state:
            run = state.run(run_id)
            for point in points:
                run.series.setdefault(point.name, {})[point_key(point)] = point.value
            return ()

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give every point of these metrics, or of all, as they are now."""
        with self._state.held() as state:
            run = state.run(run_id)
            wanted = sorted(run.series) if names is None else sorted(set(names) & set(run.series))
            series = [(name, sorted(run.series[name].items())) for name in wanted]
        return (MetricPoint(name, *key[:2], value) for name, points in series for key, value in points)
