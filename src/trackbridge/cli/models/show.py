"""``trackbridge models show``: a model and its versions."""

from __future__ import annotations

from typing import Annotated

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import console, emit, moment, say, table

__all__ = ["show_model"]


def show_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")],
    *,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Show every version of a model: stage, approval, aliases, and the run it came from."""
    from trackbridge.store import connect

    with connect(backend) as store:
        record = store.registry.model(model)
        versions = list(store.registry.versions(model))
    if as_json:
        emit({"model": record, "versions": versions})
        return
    say(model)
    if record.description:
        say(f"  {record.description}")
    for name, text in sorted(record.tags.items()):
        say(f"  {name} = {text}")
    say()
    console().print(
        table(
            (">version", "stage", "approval", "aliases", "created (UTC)", "run", "artifact"),
            (
                (
                    str(version.number),
                    version.stage + (" (changed outside)" if "stage" in version.outside else ""),
                    version.approval,
                    ", ".join(version.aliases) or "–",
                    moment(version.created_ms),
                    version.run_id or "–",
                    version.artifact_path,
                )
                for version in versions
            ),
        )
    )
