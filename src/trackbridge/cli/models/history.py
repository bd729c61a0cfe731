"""``trackbridge models history``: the audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import console, emit, moment, one_line, table
from trackbridge.records.trail import TrailEntry

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["show_history", "trail_table"]


def show_history(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")],
    *,
    version: Annotated[int | None, typer.Option("--version", help="Only what concerns this version.")] = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Show who decided what about a model, when and why."""
    from trackbridge.store import connect

    with connect(backend) as store:
        entries = list(store.registry.history(model, version))
    if as_json:
        emit(entries)
    else:
        console().print(trail_table(entries))


def trail_table(entries: Iterable[TrailEntry]) -> Table:
    """Make the table of an audit trail."""
    return table(
        (">entry", "when (UTC)", "who", ">version", "what", "comment"),
        (
            (str(e.n), moment(e.when_ms), e.actor, str(e.version), _decision(e), one_line(e.comment or ""))
            for e in entries
        ),
    )


def _decision(entry: TrailEntry) -> str:
    notes = [note for note, told in (("forced", entry.forced), ("made outside", entry.outside)) if told]
    if entry.gate_digest is not None:
        notes.append(f"gate {entry.gate_digest.removeprefix('sha256:')[:12]}")
    return f"{_act(entry)} ({', '.join(notes)})" if notes else _act(entry)


def _act(entry: TrailEntry) -> str:
    match entry.action:
        case "transition":
            archived = f", archiving {', '.join(map(str, entry.archived))}" if entry.archived else ""
            return f"{entry.from_stage} → {entry.stage}{archived}"
        case "approval":
            return f"{entry.approval}"
        case "set_alias":
            return f"alias {entry.alias}"
        case "delete_alias":
            return f"alias {entry.alias} removed"
        case "delete_version":
            return "version deleted"
