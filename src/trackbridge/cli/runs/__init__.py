"""``trackbridge runs``: look at runs, side by side if need be, and delete them."""

from __future__ import annotations

import typer

from trackbridge.cli.runs import compare, delete, list_, restore, show

__all__ = ["app"]

app = typer.Typer(help="Find, show, compare and delete runs.", no_args_is_help=True, rich_markup_mode=None)
app.command("list")(list_.list_runs)
app.command("show")(show.show_run)
app.command("compare")(compare.compare_runs)
app.command("delete")(delete.delete_runs)
app.command("restore")(restore.restore_runs)
