"""``trackbridge runs list``: find runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import console, duration, emit, moment, say, table, value
from trackbridge.query import parse_order
from trackbridge.query.evaluation import field_reader
from trackbridge.records.runs import RunRecord

__all__ = ["list_runs"]


def list_runs(
    *,
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="QUERY", help="Such as \"metrics.val_auc > 0.9 and tags.team = 'risk'\"."),
    ] = None,
    experiment: Annotated[
        list[str] | None, typer.Option("--experiment", help="Only of this one; may be repeated.")
    ] = None,
    order_by: Annotated[
        list[str] | None,
        typer.Option("--order-by", metavar="KEY", help="Such as 'metrics.val_auc desc'; may be repeated."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    show: Annotated[
        list[str] | None,
        typer.Option("--show", metavar="FIELD", help="A column more, such as metrics.val_auc; may be repeated."),
    ] = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first unless asked otherwise."""
    from trackbridge.store import connect

    columns = [_column(key) for key in show or []]
    with connect(backend) as store:
        runs = list(store.runs.search(where, experiments=experiment, order_by=order_by, limit=limit))
    if as_json:
        emit(runs)
    elif runs:
        rows = [(*_basics(run), *(cell(run) for cell in columns)) for run in runs]
        console().print(table(("run", "name", "experiment", "status", "started (UTC)", ">took", *(show or [])), rows))
        if len(runs) == limit:
            say(f"The first {limit}; --limit shows more.")
    else:
        say("No runs found.")


def _basics(run: RunRecord) -> tuple[str, ...]:
    started, took = moment(run.started_ms), duration(run.started_ms, run.ended_ms)
    return run.id, run.name or "–", run.experiment, run.status, started, took


def _column(key: str) -> Callable[[RunRecord], str]:
    """Give what shows one field of a run."""
    field = parse_order([key])[0].field
    read = field_reader(field)

    def cell(run: RunRecord) -> str:
        item = read(run)
        if item is None:
            return "–"
        if field.family == "run" and field.name in {"started", "ended"}:
            return moment(item)
        return value(item) if field.family in {"params", "metrics"} else str(item)

    return cell
