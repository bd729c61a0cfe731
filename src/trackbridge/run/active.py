"""Which run is active: the innermost of this context, else the latest that the process has open."""

from __future__ import annotations

import os
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING

from trackbridge.errors import ConfigurationError

if TYPE_CHECKING:
    from trackbridge.run.run import Run

__all__ = ["active_run", "enter", "innermost", "leave", "open_runs"]

_lock = threading.Lock()
_open: dict[int, Run] = {}  # by id(): two starts of one run are two
_stack: ContextVar[tuple[Run, ...]] = ContextVar("trackbridge_runs", default=())


def enter(run: Run) -> None:
    """Make a run the active one."""
    with _lock:
        _open[id(run)] = run
    _stack.set((*_stack.get(), run))


def leave(run: Run) -> None:
    """Forget a run; the one around it is active again."""
    with _lock:
        _open.pop(id(run), None)
    _stack.set(tuple(other for other in _stack.get() if other is not run))


def innermost() -> Run | None:
    """Give the innermost open run that was started in this context."""
    return next((run for run in reversed(_stack.get()) if id(run) in _open), None)


def active_run() -> Run:
    """Give the active run: of this context, else the latest of the process, so that threads find it too.

    Raises:
        ConfigurationError: no run is open.
    """
    run = innermost() or next(reversed(open_runs()), None)
    if run is None:
        raise ConfigurationError("no run is active", remedy="Call trackbridge.start_run() first.")
    return run


def open_runs() -> list[Run]:
    """Give the open runs of this process, the latest last."""
    with _lock:
        return list(_open.values())


def _start_anew() -> None:
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    for run in list(_open.values()):
        run.become_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
