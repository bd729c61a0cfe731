"""How far a migration is: a bar with its rate and the time left, on standard error where that is a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from trackbridge.migration import Outcome

__all__ = ["Bars", "shown_bytes", "shown_time"]


class Bars:
    """A context manager that shows progress.

    Args:
        what: What is being done, in one word.
        silent: Show nothing at all.
    """

    def __init__(self, what: str, *, silent: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[moved]}", markup=False),
        )
        console = Console(stderr=True, markup=False)
        self._progress = Progress(*columns, console=console, transient=True, disable=silent or not sys.stderr.isatty())
        self._task = self._progress.add_task(what, total=None, rate="", moved="")
        self._points = self._bytes = self._bad = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def tell(self, outcome: Outcome | None, total: int) -> None:
        """Hear of one more outcome, or only of how many there will be."""
        if outcome is None:
            self._progress.update(self._task, total=total)
            return
        self._points += outcome.sent_points
        self._bytes += outcome.sent_bytes
        self._bad += not outcome.good
        bad = f", {self._bad} bad" if self._bad else ""
        moved = f"{self._points:,} points, {shown_bytes(self._bytes)}{bad}"
        self._progress.update(self._task, total=total, advance=1, rate=self._rate(), moved=moved)

    def at(self, done: int, total: int) -> None:
        """Show how many of how many are done."""
        self._progress.update(self._task, total=total, completed=done, rate=self._rate())

    def _rate(self) -> str:
        speed = self._progress.tasks[0].speed
        return "" if speed is None else f"{speed:.1f}/s"


def shown_bytes(count: int) -> str:
    """Show a number of bytes: 1.5 MB."""
    size, units = float(count), ["TB", "GB", "MB", "kB"]
    unit = "B"
    while size >= 1_000 and units:
        size, unit = size / 1_000, units.pop()
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def shown_time(seconds: float) -> str:
    """Show a duration roughly: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
