"""``trackbridge runs delete``: mark runs deleted, or remove them for good."""

from __future__ import annotations

from typing import Annotated

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import emit, say

__all__ = ["delete_runs"]


def delete_runs(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="The ids.")],
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Remove them physically; this cannot be undone.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even runs that a model version points to, or that have children.")
    ] = False,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Delete runs; ``trackbridge runs restore`` brings them back unless they were purged."""
    from trackbridge.store import connect

    with connect(backend) as store:
        for run in runs:
            if purge:
                store.runs.purge(run, force=force)
            else:
                store.runs.delete(run, force=force)
    if as_json:
        emit({"purged" if purge else "deleted": runs})
        return
    for run in runs:
        say(f"purged {run}" if purge else f"deleted {run}; `trackbridge runs restore {run}` brings it back")
