"""SageMaker's own metrics: a mirror of the series for AWS's screens, as far as its service takes them.

The truth is in segments. What is shown natively is bounded: 100 points a delivery, spread evenly over each series with
its last point always among them; finite values; steps of a non-negative int32; the last two weeks, and the next two
hours. A point that SageMaker refuses, or has no time for, is left out: nothing waits for it, and nothing is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from trackbridge.errors import TrackbridgeError
from trackbridge.protocol.bulk import chunks
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.times import now_ms
from trackbridge.redaction import redacted_logger
from trackbridge_sagemaker.client import Client
from trackbridge_sagemaker.mirror import moment
from trackbridge_sagemaker.names import component_name
from trackbridge_sagemaker.shapes import matches, utf16_length

__all__ = ["POINTS_SHOWN", "Telemetry", "chosen"]

POINTS_SHOWN: Final = 100
_AT_ONCE: Final = 10  # of BatchPutMetrics
_MAX_STEP: Final = 2**31 - 1
_PAST_MS: Final = 14 * 86_400_000 - 600_000  # AWS's SDK refuses older ones; ten minutes are left for the way
_FUTURE_MS: Final = 2 * 3_600_000 - 600_000

_LOGGER: Final = redacted_logger("trackbridge.sagemaker")


class Telemetry:
    """Shows points on AWS's screens."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def show(self, run_id: str, points: Sequence[MetricPoint]) -> None:
        """Show some of these points; what fails is logged, and left."""
        try:
            for some in chunks(chosen(points, now_ms()), _AT_ONCE):
                self._put(run_id, some)
        except TrackbridgeError as error:
            _LOGGER.info("not all new points of run %s are on SageMaker's own screens: %s", run_id, error)

    def _put(self, run_id: str, points: Sequence[MetricPoint]) -> None:
        answer = self._client.call(
            "batch_put_metrics",
            TrialComponentName=component_name(run_id),
            MetricData=[_native(point) for point in points],
        )
        for error in answer.get("Errors", ()):
            index, code = error.get("MetricIndex", 0), error.get("Code")
            # CONFLICT_ERROR is a point sent before; the others are its own to know.
            _LOGGER.debug("SageMaker answers %s for %s of run %s", code, points[index], run_id)


def chosen(points: Sequence[MetricPoint], at_ms: int) -> list[MetricPoint]:
    """Choose the points to show, as the service takes them at a time: the same number of each series."""
    series: dict[str, list[MetricPoint]] = {}
    for point in points:
        if _fits(point, at_ms):
            series.setdefault(point.name, []).append(point)
    each = max(1, POINTS_SHOWN // max(1, len(series)))
    return [point for several in series.values() for point in _spread(several, each)][:POINTS_SHOWN]


def _spread(points: list[MetricPoint], count: int) -> Iterator[MetricPoint]:
    points.sort(key=lambda point: (point.step, point.timestamp_ms))
    left = len(points)
    if left <= count:
        yield from points
        return
    for n in range(1, count + 1):
        yield points[n * left // count - 1]


def _fits(point: MetricPoint, at_ms: int) -> bool:
    return (
        math.isfinite(point.value)
        and 0 <= point.step <= _MAX_STEP
        and at_ms - _PAST_MS <= point.timestamp_ms <= at_ms + _FUTURE_MS
        and utf16_length(point.name) <= 255
        and matches(".+", point.name)
    )


def _native(point: MetricPoint) -> dict[str, Any]:
    return {
        "MetricName": point.name,
        "Step": point.step,
        "Timestamp": moment(point.timestamp_ms),
        "Value": point.value,
    }
