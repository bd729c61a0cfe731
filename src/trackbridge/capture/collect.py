"""All providers, one after the other beside the training; none of them can fail a run, or hold it up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from trackbridge.protocol import CaptureProvider, Found
from trackbridge.records.log import LoggedObject, LogRecord
from trackbridge.records.names import check_name
from trackbridge.records.values import check_param
from trackbridge.records.writes import AttributeWrite, Stamp
from trackbridge.redaction import redact_text, redact_value, redacted_logger

__all__ = ["ENVIRONMENT", "start_capture"]

_LOGGER: Final = redacted_logger("trackbridge")

ENVIRONMENT: Final = "environment/"
_LAST_SAMPLE_S: Final = 2.0
_PAUSE_S: Final = 0.05  # in which `start_run` returns: two threads that want one interpreter take turns of 5 ms
_GRACE_S: Final = 1.0  # in which what was found by then is written
LIMIT_S: Final = 30.0  # for all providers together: the end of a short run waits for them

Put = Callable[[LogRecord], None]
GiveStamp = Callable[[], Stamp]


def start_capture(
    put: Put, stamp: GiveStamp, log_metrics: Callable[[dict[str, float]], None], *, interval_s: float = 0.0
) -> Callable[[float], None]:
    """Begin to look around, on threads of its own.

    Args:
        put: Takes what is found, redacted (X4).
        stamp: Gives the stamp of a write.
        log_metrics: Takes samples of the machine's load.
        interval_s: How often to take one; 0 for never.

    Returns:
        Ends the sampling, and waits for the rest, for at most so many seconds.
    """
    sampler = None
    if interval_s > 0:
        from trackbridge.capture.sampling import Sampler

        sampler = Sampler(log_metrics, interval_s)
    until = time.monotonic() + LIMIT_S
    hurry = threading.Event()
    thread = threading.Thread(target=_capture, args=(put, stamp, until, hurry), name="trackbridge-capture", daemon=True)
    thread.start()

    def finish(timeout_s: float) -> None:
        now = time.monotonic()
        hurry.set()
        if sampler:
            sampler.stop(max(0.0, min(timeout_s, _LAST_SAMPLE_S)))
        thread.join(max(0.0, min(now + timeout_s, until + _GRACE_S) - time.monotonic()))
        if thread.is_alive():
            _LOGGER.warning("the run ends before all of its environment is recorded")

    return finish


def _capture(put: Put, stamp: GiveStamp, until: float, hurry: threading.Event) -> None:
    hurry.wait(_PAUSE_S)
    for provider in _providers():
        found = _ask(provider, min(provider.timeout_s, until - time.monotonic()))
        if found is not None:
            try:
                _keep(found, put, stamp)
            except Exception as error:  # noqa: BLE001 - what cannot be kept is left out
                _LOGGER.debug("what %s found is not kept: %s: %s", provider.name, type(error).__name__, error)


def _providers() -> Iterator[CaptureProvider]:
    """Give ours, then those of other distributions; loaded only now, for importing costs the training thread, too."""
    from trackbridge.capture.providers import PROVIDERS
    from trackbridge.protocol.discovery import hooks

    yield from PROVIDERS

    for name, plugin in hooks().list_name_plugin():
        more = getattr(plugin, "trackbridge_captures", None)
        if more is not None:
            try:
                yield from more()
            except Exception as error:  # noqa: BLE001 - one broken plugin is no reason to leave out the next
                _LOGGER.warning("%s gives nothing to capture: %s: %s", name, type(error).__name__, error)


@dataclass(slots=True)
class _Answer:
    found: Found | None = None


def _ask(provider: CaptureProvider, timeout_s: float) -> Found | None:
    """Let a provider look around for as long as it may; none can be stopped, so one that hangs is left behind."""
    answer = _Answer()

    def look() -> None:
        try:
            answer.found = provider.find()
        except Exception as error:  # noqa: BLE001 - what cannot be found out is left out
            _LOGGER.debug("%s found nothing: %s: %s", provider.name, type(error).__name__, error)

    thread = threading.Thread(target=look, name=f"trackbridge-capture-{provider.name}", daemon=True)
    thread.start()
    thread.join(max(0.0, timeout_s))
    if thread.is_alive():
        _LOGGER.warning("%s takes longer than %.1f s and is not recorded", provider.name, max(0.0, timeout_s))
        return None
    return answer.found


def _keep(found: Found, put: Put, stamp: GiveStamp) -> None:
    redacted = []
    for name, data in found.files.items():
        # Undecodable bytes come back as they were: a file without secrets is kept byte for byte.
        kept = redact_text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        if kept != data:
            redacted.append(name)
        put(LoggedObject(ENVIRONMENT + name, kept))
    for name, value in found.attributes.items():
        checked = check_param(redact_value(value, name), check_name(name, "attribute"))
        if checked is not None:
            put(AttributeWrite(name, checked, stamp()))
    for name in redacted:
        put(AttributeWrite(f"environment.redacted.{name}", True, stamp()))
