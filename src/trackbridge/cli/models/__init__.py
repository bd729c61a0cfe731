"""``trackbridge models``: what is registered, who decided what about it, and deciding."""

from __future__ import annotations

import typer

from trackbridge.cli.models import approve, history, list_, promote, report, rollback, show

__all__ = ["app"]

app = typer.Typer(
    help="Look at registered models, move their versions, and read their audit trail.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("list")(list_.list_models)
app.command("show")(show.show_model)
app.command("promote")(promote.promote_version)
app.command("approve")(approve.approve_version)
app.command("reject")(approve.reject_version)
app.command("rollback")(rollback.roll_back)
app.command("history")(history.show_history)
app.command("report")(report.fetch_report)
