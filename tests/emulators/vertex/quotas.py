"""Requests a minute, by project and region: cloud.google.com/vertex-ai/docs/quotas#request_quotas.

"Resource management (CRUD) requests: 600. Job or long-running operation (LRO) submission requests: 60." They are off
unless the switches ``crud_per_minute`` and ``lro_per_minute`` say otherwise, so that tests need not wait for them.
"""

from __future__ import annotations

import collections
import time

from emulators.vertex import vendor
from emulators.vertex.errors import RefusedError
from emulators.vertex.switches import Switches

PERIOD_S = 60.0
_CITE = "cloud.google.com/vertex-ai/docs/quotas"
# Points of series are no resources; polls of operations are nobody's submission.
_UNCOUNTED = ("Operations.", "TensorboardService.Write", "TensorboardService.Read", "TensorboardService.Export")


class Quotas:
    """Sliding windows of the last minute."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, bool], collections.deque[float]] = {}

    def spend(self, region: str, method: vendor.Method, switches: Switches) -> None:
        """Count a call, or refuse it where its window is full."""
        if method.key.startswith(_UNCOUNTED):
            return
        submission = method.response.DESCRIPTOR.full_name == "google.longrunning.Operation"
        limit = switches.lro_per_minute if submission else switches.crud_per_minute
        if not limit:
            return
        now = time.monotonic()
        window = self._windows.setdefault((region, submission), collections.deque())
        while window and window[0] <= now - PERIOD_S:
            window.popleft()
        if len(window) >= limit:
            said = f"Quota exceeded: {limit} requests a minute and region for {method.key}."
            raise RefusedError("RESOURCE_EXHAUSTED", said, _CITE, retry_after_s=window[0] + PERIOD_S - now)
        window.append(now)
