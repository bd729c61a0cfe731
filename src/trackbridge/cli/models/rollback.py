"""``trackbridge models rollback``: bring back the version before."""

from __future__ import annotations

from typing import Annotated

import typer

from trackbridge.cli._options import ActorOption, AsJson, BackendOption, CommentOption, DryRun
from trackbridge.cli.models._carry_out import carry_out

__all__ = ["roll_back"]


def roll_back(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")],
    *,
    stage: Annotated[str, typer.Option("--stage", metavar="STAGE", help="The stage to roll back.")] = "Production",
    dry_run: DryRun = False,
    actor: ActorOption = None,
    comment: CommentOption = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Bring back the version that was in a stage before the present one, and archive what came after it."""
    from trackbridge.store import connect

    with connect(backend) as store:
        plan = store.registry.plan_rollback(model, stage)
        carry_out(store, plan, dry_run=dry_run, actor=actor, comment=comment, as_json=as_json)
