"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

__all__ = ["ActorOption", "AsJson", "BackendOption", "CommentOption", "DryRun"]

BackendOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--backend", metavar="URL", help="A backend's URL or configured name; the configured one by default."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ActorOption: TypeAlias = Annotated[
    str | None, typer.Option("--actor", metavar="NAME", help="Who decides; the user of this machine by default.")
]
CommentOption: TypeAlias = Annotated[str | None, typer.Option("--comment", metavar="TEXT", help="Why; it is kept.")]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")]
