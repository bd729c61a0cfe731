"""How a run ends when nobody finishes it: the `with` block, the end of the process (R4).

No signal handlers: a process that is killed says nothing.
"""

from __future__ import annotations

import atexit
import sys
from types import TracebackType

from trackbridge.errors import TrackbridgeError
from trackbridge.records.runs import RunStatus
from trackbridge.redaction import redact_text
from trackbridge.run.active import open_runs

__all__ = ["describe", "status_of", "watch_process"]

_seen: BaseException | None = None
_watching = False


def status_of(error: BaseException | None) -> RunStatus:
    """Give the status of a run that was left through `error`."""
    match error:
        case None | SystemExit(code=None | 0):
            return "FINISHED"
        case KeyboardInterrupt():
            return "KILLED"
    return "FAILED"


def describe(error: BaseException) -> str:
    """Give type and message, redacted, within what a tag holds."""
    message = str(error) if not isinstance(error, SystemExit) else f"exit code {error.code}"
    text = f"{type(error).__qualname__}: {message}".encode(errors="replace").decode()
    return redact_text(text)[:16_000]


def watch_process() -> None:
    """Close open runs when the process ends, and notice an uncaught exception before."""
    global _watching  # noqa: PLW0603 - once a process
    if _watching:
        return
    _watching = True
    before = sys.excepthook

    def notice(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _seen  # noqa: PLW0603 - there is one uncaught exception a process
        _seen = error
        before(kind, error, trace)

    sys.excepthook = notice
    atexit.register(_close_all)


def _close_all() -> None:
    for run in reversed(open_runs()):
        try:
            run.end(_seen)
        except TrackbridgeError as error:
            sys.stderr.write(f"trackbridge: {redact_text(str(error))}\n")
