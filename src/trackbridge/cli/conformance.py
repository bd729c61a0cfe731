"""``trackbridge conformance URL``: run the contract suite against any backend, real accounts included."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trackbridge.cli._options import AsJson
from trackbridge.cli._output import console, emit, one_line, say, table
from trackbridge.cli._progress import progress

if TYPE_CHECKING:
    from trackbridge.testing import Report

__all__ = ["conformance"]


def conformance(
    url: Annotated[str, typer.Argument(metavar="URL", help="The backend; the suite writes runs and models into it.")],
    *,
    page: Annotated[Path | None, typer.Option("--report", metavar="FILE", help="Write the table as Markdown.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check every clause of the semantics on a backend. Exits 1 unless each is kept, or refused as declared."""
    from trackbridge.testing import Column, conformance_page, run_conformance

    # The checks provoke what trackbridge warns of; that would only stand between the reader and the table.
    logging.getLogger("trackbridge").addHandler(logging.NullHandler())
    with progress("checking") as update:
        report = run_conformance(url, update)
    if page is not None:
        page.write_text(conformance_page([Column(report.backend, "this machine", report)]), encoding="utf-8")
    if as_json:
        emit(report.as_json())
    else:
        _show(report)
    raise typer.Exit(not report.certified)


def _show(report: Report) -> None:
    rows = ((row.clause, row.verdict, one_line(row.detail)) for row in report.rows)
    console().print(table(("clause", "verdict", "detail"), rows))
    verdicts = [row.verdict for row in report.rows]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in ("kept", "refused", "failed"))
    say(f"{report.backend}: {counts} (suite {report.suite})")
