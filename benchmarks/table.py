"""The rows as a table: on a terminal, and in the page of the docs, one table a subject."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.rounds import Measurement, Missing, Row

__all__ = ["HEAD", "cells", "show", "write"]

HEAD: Final = ("what", "ours", "by hand", "result", "least … most", "goal", "")
_UNITS: Final = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9))


def cells(row: Row) -> tuple[str, ...]:
    """Give the texts of one row."""
    if isinstance(row, Missing):
        return (row.what, row.why, "", "", "", "", "")
    digits = 2 if row.unit in ("×", " s", " %") and abs(row.value) < 100 else 0
    goal = "" if row.goal is None else f"{'≥' if row.at_least else '≤'} {row.goal:g}{row.unit}"
    return (
        row.what,
        *(row.amounts or (_duration(row.ours_s), _duration(row.floor_s))),
        f"{row.value:.{digits}f}{row.unit}",
        f"{row.spread[0]:.{digits}f} … {row.spread[1]:.{digits}f}",
        goal,
        {True: "✓", False: "✗", None: ""}[row.reached],
    )


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*HEAD, title="Speed, in turns in one run")
    for row in rows:
        table.add_row(*cells(row))
    Console(width=None if sys.stdout.isatty() else 180).print(table)


def write(page: Path, measured: Mapping[str, Sequence[Row]]) -> None:
    """Put each subject's table, with date and machine, between its two marks in a page; leave the others as they are."""
    text = page.read_text()
    for subject, rows in measured.items():
        mark = re.compile(rf"(<!-- measured: {subject} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not mark.search(text):
            raise ValueError(f"{page} has no place for {subject}")
        text = mark.sub(lambda found, rows=rows: f"{found[1]}\n{_markdown(rows)}\n{found[2]}", text)  # type: ignore[misc]
    page.write_text(text)


def _markdown(rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    lines += [f"| {' | '.join(cells(row))} |" for row in rows]
    missed = [row.what for row in rows if isinstance(row, Measurement) and row.reached is False]
    said = f"**Missed:** {'; '.join(missed)}." if missed else ""
    return "\n".join([*lines, "", f"{_machine()} {said}".rstrip(), ""])


def _machine() -> str:
    cores = _cores()
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {cores}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}."
    )


def _cores() -> str:
    import os

    try:
        found = re.findall(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = []
    return f"{os.cpu_count()} × {found[0] if found else platform.machine()}"


def _duration(seconds: float) -> str:
    """Give a time with three digits, in the unit that suits it."""
    for unit, size in _UNITS:
        if abs(seconds) >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
