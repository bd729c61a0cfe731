"""``trackbridge models promote``: move a version to a stage, planned first."""

from __future__ import annotations

from typing import Annotated

import typer

from trackbridge.cli._options import ActorOption, AsJson, BackendOption, CommentOption, DryRun
from trackbridge.cli.models._carry_out import carry_out

__all__ = ["promote_version"]


def promote_version(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")],
    version: Annotated[int, typer.Argument(metavar="VERSION", help="The version's number.")],
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="None, Staging, Production or Archived.")],
    *,
    archive_existing: Annotated[
        str,
        typer.Option(
            "--archive-existing",
            metavar="MODE",
            help="What becomes of the other versions there: none are archived, all, or those not-serving.",
        ),
    ] = "none",
    expected_stage: Annotated[
        str | None, typer.Option("--expected-stage", metavar="STAGE", help="Do it only if the version is there now.")
    ] = None,
    dry_run: DryRun = False,
    actor: ActorOption = None,
    comment: CommentOption = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Move a version to a stage."""
    from trackbridge.store import connect

    with connect(backend) as store:
        plan = store.registry.plan(
            model, version, stage, archive_existing=archive_existing, expected_stage=expected_stage
        )
        carry_out(store, plan, dry_run=dry_run, actor=actor, comment=comment, as_json=as_json)
