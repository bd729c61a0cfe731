"""A plan of the registry in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from trackbridge.registry import Plan

__all__ = ["plan_lines"]


def plan_lines(plan: Plan) -> Iterator[str]:
    """Tell what a plan moves, archives, leaves and refuses."""
    if plan.refusals:
        for refusal in plan.refusals:
            yield f"refused: {refusal.reason} [{refusal.clause}]"
        return
    if not plan.moves:
        yield f"version {plan.version} is in {plan.stage} already"
        return
    yield f"version {plan.version}: {plan.from_stage} → {plan.stage}"
    if plan.archived:
        yield f"{_versions(plan.archived)}: {plan.stage} → Archived"
    if staying := [number for number in plan.staying if number not in plan.serving]:
        yield f"{_versions(staying)} in {plan.stage} stays"
    if plan.serving:
        yield f"{_versions(plan.serving)} in {plan.stage} stays, for it carries traffic"


def _versions(numbers: Collection[int]) -> str:
    return f"version {', '.join(map(str, numbers))}"
