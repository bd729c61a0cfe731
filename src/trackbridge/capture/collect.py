"""All providers, one after the other beside the training; none of them can fail a run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from trackbridge.capture.found import Found
from trackbridge.capture.git import find_git
from trackbridge.capture.python import find_packages, find_python, find_source
from trackbridge.capture.system import find_gpu, find_system
from trackbridge.records.log import LoggedObject, LogRecord
from trackbridge.records.values import check_param
from trackbridge.records.writes import AttributeWrite, Stamp
from trackbridge.redaction import redact_text, redact_value

__all__ = ["start_capture"]

_LOGGER: Final = logging.getLogger("trackbridge")
_FOLDER: Final = "environment/"

Provider = Callable[[], Found]
PROVIDERS: Final[tuple[Provider, ...]] = (find_source, find_python, find_system, find_git, find_packages, find_gpu)


def start_capture(put: Callable[[LogRecord], None], stamp: Callable[[], Stamp]) -> Callable[[float], None]:
    """Begin to look around, on a thread of its own.

    Args:
        put: Takes what is found, redacted (X4).
        stamp: Gives the stamp of a write.

    Returns:
        Waits for the end, for at most so many seconds.
    """
    thread = threading.Thread(target=_capture, args=(put, stamp), name="trackbridge-capture", daemon=True)
    thread.start()
    return lambda timeout_s: thread.join(max(0.0, timeout_s))


def _capture(put: Callable[[LogRecord], None], stamp: Callable[[], Stamp]) -> None:
    for provider in PROVIDERS:
        try:
            found = provider()
            for name, value in found.attributes.items():
                kept = check_param(redact_value(value, name), name)
                if kept is not None:
                    put(AttributeWrite(name, kept, stamp()))
            for name, text in found.files.items():
                put(LoggedObject(_FOLDER + name, redact_text(text).encode(errors="replace")))
        except Exception as error:  # noqa: BLE001 - what cannot be found out is left out
            _LOGGER.debug("%s found nothing: %s: %s", provider.__name__, type(error).__name__, error)
