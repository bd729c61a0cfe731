"""``trackbridge migrate SRC DST``: move everything, prove it, and say whether the source may be deleted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trackbridge.cli._options import AsJson
from trackbridge.errors import ConfigurationError

if TYPE_CHECKING:
    from trackbridge.migration import Engine, Selection, Side
    from trackbridge.store import Store

__all__ = ["migrate"]


class Verify(StrEnum):
    """How much is read back."""

    FULL = "full"
    COUNTS = "counts"
    NONE = "none"


class EngineName(StrEnum):
    """Who does the work."""

    LOCAL = "local"
    RAY = "ray"


def migrate(
    source: Annotated[str, typer.Argument(metavar="SRC", help="The backend to move from; it is only read.")],
    target: Annotated[str, typer.Argument(metavar="DST", help="The backend to move to.")],
    *,
    experiment: Annotated[
        list[str] | None, typer.Option("--experiment", metavar="NAME", help="Only runs of this one; may be repeated.")
    ] = None,
    where: Annotated[
        str | None, typer.Option("--where", metavar="QUERY", help="Only runs that this search finds.")
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--models", metavar="NAME", help="Only this model, with the runs it comes from; may be repeated; 'none'."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Only runs that were active since this ISO time, in UTC."),
    ] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Deleted runs as well; they arrive deleted.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be moved, and write nothing.")] = False,
    verify: Annotated[
        Verify, typer.Option("--verify", help="Read back everything, compare counts, or believe.")
    ] = Verify.FULL,
    engine: Annotated[
        EngineName, typer.Option("--engine", help="Threads of this machine, or a Ray cluster.")
    ] = EngineName.LOCAL,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="ADDRESS", help="The Ray cluster; one on this machine by default."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Runs carried at once.")] = 4,
    rate: Annotated[
        float | None,
        typer.Option("--rate", metavar="CALLS/S", min=0.01, help="The most calls a second to either backend."),
    ] = None,
    patience: Annotated[
        float, typer.Option("--patience", metavar="S", min=0, help="How long to wait for a backend that is down.")
    ] = 120.0,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="DIR", help="Where to write migration.html and migration.json.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move runs, artifacts and models with all that they have, and check every value in DST. Exits 1 if anything failed.

    What is complete in DST is not sent again, so the same command goes on after a crash, and moves what is new while
    training continues. Each run bears its mark of completion in DST itself: any machine can go on.
    """
    from trackbridge import migration
    from trackbridge.cli.migrate_progress import Bars
    from trackbridge.cli.migrate_words import show_plan, show_result
    from trackbridge.store import connect

    selection = _selection(experiment, where, models, since, deleted=deleted)
    with connect(source) as left, connect(target) as right:
        if left.url == right.url:
            raise ConfigurationError("SRC and DST are the same backend", remedy="Give two different ones.")
        sides = _paced(left, rate), _paced(right, rate)
        if dry_run:
            show_plan(*sides, selection, workers, as_json=as_json)
            return
        waiting = migration.Patience(patience)
        who = _cluster(sides, verify, workers, patience, address, rate) if engine is EngineName.RAY else None
        who = who or migration.Threads(*sides, verify=verify.value, workers=workers, patience=waiting)
        try:
            with Bars("migrating", silent=as_json) as bars:
                job = migration.Migration(
                    *sides, selection, verify=verify.value, engine=who, patience=waiting, tell=bars.tell
                )
                result = job.run()
        finally:
            who.close()
    show_result(result, report, as_json=as_json)
    raise typer.Exit(not result.good)


def _selection(
    experiments: list[str] | None, where: str | None, models: list[str] | None, since: str | None, *, deleted: bool
) -> Selection:
    from trackbridge.migration import Selection
    from trackbridge.records.times import check_ms

    since_ms = None
    if since is not None:
        try:
            since_ms = check_ms(datetime.fromisoformat(since), "time of --since")
        except ValueError as error:
            raise ConfigurationError(
                f"--since {since!r} is no ISO time", remedy="Write 2026-01-31T12:00:00."
            ) from error
    return Selection(
        tuple(experiments) if experiments else None,
        where,
        None if not models else () if models == ["none"] else tuple(models),
        since_ms,
        deleted,
    )


def _paced(store: Store, rate: float | None) -> Side:
    """Give a side whose calls keep to the lesser of the rate that was asked for and the one its adapter declares."""
    from trackbridge.migration import Side
    from trackbridge.shipping.retry import Pace

    declared = store.backend.limits.requests_per_s
    wanted = min((one for one in (rate, declared) if one is not None), default=None)
    return Side.of(store, None if wanted is None else Pace(wanted))


def _cluster(  # noqa: PLR0917 - the options as they are
    sides: tuple[Side, Side], verify: Verify, workers: int, patience_s: float, address: str | None, rate: float | None
) -> Engine:
    from trackbridge.migration.cluster import Cluster

    return Cluster(
        *(side.backend.url for side in sides),
        verify=verify.value,
        workers=workers,
        address=address,
        rate=rate,
        patience_s=patience_s,
    )
