"""``store.metrics``: the points of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from trackbridge.errors import Rejected
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.names import check_name, shown
from trackbridge.store.reading import Reader
from trackbridge.store.tables import points_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Metrics"]


class Metrics:
    """Reads series of points; nothing is ever sampled (M5)."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def read(self, run_id: str, names: Sequence[str] | None = None) -> Iterator[MetricPoint]:
        """Give the points of a run by name (code points), then by step, timestamp and value (M2).

        Args:
            run_id: The run.
            names: The metrics asked for, or None for all; one that the run does not have has no points.

        Raises:
            NotFound: there is no such run.
        """
        return self._reader.points(self._reader.find(run_id), _checked_names(names))

    def table(self, run_id: str, names: Sequence[str] | None = None) -> pa.Table:
        """Give the same as a ``pyarrow.Table``: name, step (int64), timestamp (ms, UTC), value (float64).

        Raises:
            ConfigurationError: pyarrow is not installed.
        """
        return points_table(self.read(run_id, names))


def _checked_names(names: Sequence[str] | None) -> list[str] | None:
    if names is None:
        return None
    if isinstance(names, str):
        raise Rejected(
            f"names is a list of metrics, not the string {shown(names)}", clause="M5", remedy=f"Write [{names!r}]."
        )
    return sorted({check_name(name, "metric") for name in names})
