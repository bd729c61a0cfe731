"""Shows a plan and carries it out, for the commands that move versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from trackbridge.cli._output import emit, say

if TYPE_CHECKING:
    from trackbridge.registry import Plan
    from trackbridge.store import Store

__all__ = ["carry_out"]


def carry_out(
    store: Store, plan: Plan, *, dry_run: bool, actor: str | None, comment: str | None, as_json: bool
) -> None:
    """Do what a plan says, or with `dry_run` only show it; one that is refused exits 1 there, as nothing is wrong yet.

    Raises:
        Conflict: the model has changed since the plan was made, or the version is in another stage than expected.
        Rejected: the plan can never work.
    """
    from trackbridge.cli._plans import plan_lines

    version = None if dry_run else store.registry.promote(plan, actor=actor, comment=comment)
    if as_json:
        emit({"plan": plan, "done": version is not None, "version": version})
    else:
        for line in plan_lines(plan):
            say(f"would do: {line}" if dry_run and plan.moves else line)
    if dry_run and plan.refusals:
        raise typer.Exit(1)
