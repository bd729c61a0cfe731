"""The load of the machine while a run goes on: metrics under ``system/``, which say nothing of the model (C2)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from trackbridge.capture.nvml import gpu_load
from trackbridge.redaction import redacted_logger

__all__ = ["Sampler"]

_LOGGER: Final = redacted_logger("trackbridge")


class Sampler:
    """Takes a sample every so many seconds, and a last one at the end, on a thread of its own."""

    def __init__(self, log_metrics: Callable[[dict[str, float]], None], interval_s: float) -> None:
        """Begin.

        Args:
            log_metrics: Takes the samples: values by metric.
            interval_s: The time between two.
        """
        self._log_metrics = log_metrics
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="trackbridge-system", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Take the last sample; return once that is done, after `timeout_s` in any case."""
        self._stopped.set()
        self._thread.join(timeout_s)

    def _sample(self) -> None:
        try:
            import psutil
        except ImportError:
            _LOGGER.warning("system metrics need psutil: pip install 'trackbridge[system]'")
            return
        try:
            process = psutil.Process()
            psutil.cpu_percent()  # the first answer of each says nothing: there is no time before it
            process.cpu_percent()
            over = False
            while not over:
                over = self._stopped.wait(self._interval_s)
                self._log_metrics(_load(psutil, process) | gpu_load())
        except Exception as error:  # noqa: BLE001 - the load of the machine is no reason not to train
            _LOGGER.warning("system metrics end here: %s: %s", type(error).__name__, error)


def _load(psutil: Any, process: Any) -> dict[str, float]:
    memory = psutil.virtual_memory()
    return {
        "system/cpu_percent": psutil.cpu_percent(),
        "system/memory_percent": memory.percent,
        "system/process/cpu_percent": process.cpu_percent(),
        "system/process/memory_bytes": float(process.memory_info().rss),
        "system/process/threads": float(process.num_threads()),
    }
