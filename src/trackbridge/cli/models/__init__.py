"""``trackbridge models``: what is registered, and who decided what about it."""

from __future__ import annotations

import typer

from trackbridge.cli.models import history, list_, show

__all__ = ["app"]

app = typer.Typer(help="Look at registered models and their audit trail.", no_args_is_help=True, rich_markup_mode=None)
app.command("list")(list_.list_models)
app.command("show")(show.show_model)
app.command("history")(history.show_history)
