"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

__all__ = ["AsJson", "BackendOption"]

BackendOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--backend", metavar="URL", help="A backend's URL or configured name; the configured one by default."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
