"""``trackbridge runs restore``: take a deletion back."""

from __future__ import annotations

from typing import Annotated

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import emit, say

__all__ = ["restore_runs"]


def restore_runs(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="The ids.")],
    *,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Restore deleted runs with all they had."""
    from trackbridge.store import connect

    with connect(backend) as store:
        for run in runs:
            store.runs.restore(run)
    if as_json:
        emit({"restored": runs})
        return
    for run in runs:
        say(f"restored {run}")
