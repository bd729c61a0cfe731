"""Notebooks: a cell that is run again closes the run that it replaces."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trackbridge.run.run import Run

__all__ = ["remember", "replace_run_of_cell"]

_runs: dict[Hashable, weakref.ref[Run]] = {}


def replace_run_of_cell() -> Hashable | None:
    """Finish the run that the calling cell started when it was run before; give the cell, None outside of notebooks."""
    origin = _origin()
    held = _runs.pop(origin, None) if origin is not None else None
    run = held() if held else None
    if run is not None:
        run.finish()
    return origin


def remember(origin: Hashable | None, run: Run) -> None:
    """Note which cell started a run."""
    if origin is not None:
        _runs[origin] = weakref.ref(run)


def _origin() -> Hashable | None:
    """Identify the cell, and the line in it, that calls; a function called by a cell starts runs of its own."""
    shell = _shell()
    if shell is None:
        return None
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to look at one's callers
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("trackbridge."):
        frame = frame.f_back
    if frame.f_code.co_name != "<module>" or frame.f_globals is not shell.user_ns:
        return None
    return _cell_id(shell) or frame.f_code.co_filename, frame.f_lineno


def _shell() -> Any:
    """Give IPython's shell, without importing IPython into a process that has none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _cell_id(shell: Any) -> str | None:
    """Give the front end's id of the running cell: it outlives an edit, where the file name changes with the text."""
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    metadata = parent.get("metadata") if isinstance(parent, dict) else None
    cell = metadata.get("cellId") if isinstance(metadata, dict) else None
    return cell if isinstance(cell, str) else None
