"""``trackbridge runs show``: everything about one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import console, duration, emit, moment, number, say, table, value
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.runs import RunRecord

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["show_run"]


def show_run(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    *,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Show a run: params, metrics, tags, data sets, artifacts and where it came from."""
    from trackbridge.store import connect

    with connect(backend) as store:
        record = store.runs.get(run)
        artifacts = store.artifacts.list(run)
        outside = store.runs.differences(run)
    if as_json:
        emit({"run": record, "artifacts": artifacts, "changed_outside": outside})
        return
    _heading(record)
    for change in outside:
        say(f"! {change.family} {change.name} was changed outside of trackbridge, to {change.native}")
    for part in _parts(record, artifacts):
        if part.row_count:
            console().print(part)


def _heading(run: RunRecord) -> None:
    say(f"{run.name or '(no name)'}  {run.status}")
    say(f"  id          {run.id}")
    say(f"  experiment  {run.experiment}")
    say(f"  started     {moment(run.started_ms)} UTC, took {duration(run.started_ms, run.ended_ms)}")
    if run.parent:
        say(f"  parent      {run.parent}")
    for url in run.urls:
        say(f"  page        {url}")
    say()


def _parts(run: RunRecord, artifacts: Sequence[ArtifactRecord]) -> list[Table]:
    return [
        table(("param", "value"), ((name, value(item)) for name, item in sorted(run.params.items()))),
        table(
            ("metric", ">last", ">at step", ">min", ">max", ">points"),
            (
                (name, number(m.last), str(m.last_step), number(m.min), number(m.max), f"{m.count:,}")
                for name, m in sorted(run.metrics.items())
            ),
        ),
        table(("tag", "value"), sorted(run.tags.items())),
        table(
            ("data set", "version", "context", "digest", "uri"),
            ((d.name, d.version or "–", d.context or "–", d.digest or "–", d.uri or "–") for d in run.datasets),
        ),
        table(
            ("artifact", ">bytes", "sha256"),
            ((a.path, "–" if a.size is None else f"{a.size:,}", a.sha256 or "–") for a in artifacts),
        ),
        table(("attribute", "value"), ((name, value(item)) for name, item in sorted(run.attributes.items()))),
    ]
