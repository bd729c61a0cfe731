"""``trackbridge reproduce``: what it takes to come back to a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import emit, one_line, say
from trackbridge.errors import ConfigurationError

__all__ = ["reproduce"]


def reproduce(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    *,
    to: Annotated[
        Path | None,
        typer.Option(
            "--script", metavar="FILE", help="Write a script for sh that does it all, patch and data included."
        ),
    ] = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Show how to come back to a run: its commit, what was not committed, its packages, its data, its command."""
    from trackbridge.capture.recipe import read_recipe
    from trackbridge.capture.script import script, steps
    from trackbridge.store import connect

    with connect(backend) as store:
        recipe = read_recipe(store.runs.get(run), store.runs.environment(run))
    if to is not None:
        _write(to, script(recipe))
    if as_json:
        emit({"run": run, "script": to and str(to), "steps": dict(steps(recipe)), "doubts": recipe.doubts})
        return
    say(f"{run}: {one_line(recipe.title)}")
    for heading, lines in steps(recipe):
        say(f"\n{heading}")
        for line in lines:
            say(f"  {one_line(line)}")
    if to is not None:
        say(f"\nsh {to} [FOLDER] does all of it; read it first.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
        path.chmod(0o755)
    except OSError as error:
        raise ConfigurationError(f"the script cannot be written: {error}", remedy="Name another file.") from error
