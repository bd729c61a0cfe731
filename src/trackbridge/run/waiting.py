"""A progress bar on standard error, where that is a terminal, while a run waits for its delivery."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from trackbridge.shipping import Delivery

__all__ = ["progress_shown"]

_PATIENCE_S: Final = 0.5  # most runs are through before
_EVERY_S: Final = 0.2
_FAREWELL_S: Final = 1.0


@contextmanager
def progress_shown(state: Callable[[], tuple[Delivery, ...]]) -> Iterator[None]:
    """Show how much of a run is delivered while the block waits for it.

    Args:
        state: Says how delivery stands; called on a thread of its own.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(state, over), name="trackbridge-progress", daemon=True)
    with suppress(RuntimeError):  # an interpreter that is ending may start no more threads
        thread.start()
    try:
        yield
    finally:
        over.set()
        if thread.ident is not None:
            thread.join(_FAREWELL_S)


def _show(state: Callable[[], tuple[Delivery, ...]], over: threading.Event) -> None:
    if over.wait(_PATIENCE_S):
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {
            delivery.backend: bar.add_task(f"delivering to {delivery.backend}", total=None)
            for delivery in state()
            if delivery.required
        }
        while not over.wait(_EVERY_S):
            for delivery in state():
                if delivery.backend in tasks:
                    total = delivery.delivered + delivery.rejected + delivery.queued
                    bar.update(tasks[delivery.backend], completed=total - delivery.queued, total=total)
