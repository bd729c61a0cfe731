"""What ``trackbridge migrate`` says: the plan, and what became of everything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trackbridge.cli._output import emit, one_line, say

if TYPE_CHECKING:
    from trackbridge.migration import Outcome, Plan, Result, Selection, Side

__all__ = ["show_plan", "show_result"]


def show_plan(source: Side, target: Side, selection: Selection, workers: int, *, as_json: bool) -> None:
    """Survey the source and print what would be moved; nothing is written."""
    from trackbridge.cli.migrate_progress import Bars
    from trackbridge.migration import Plan, make_plan

    plan = Plan()
    with Bars("looking", silent=as_json) as bars:
        for looked, found in enumerate(make_plan(source, target, selection, workers=workers)):
            plan = found
            bars.at(looked, plan.runs)
    if as_json:
        emit(plan)
        return
    say(f"{source.store.url}  →  {target.store.url}")
    for line in _plan_lines(plan, workers):
        say(line)
    for words in selection.words():
        say(f"left out: {words}")
    say("nothing was written")


def show_result(result: Result, report: Path | None, *, as_json: bool) -> None:
    """Print what failed or differs, the sums and the verdict, and write the report where one is asked for."""
    from trackbridge.migration.report import as_document, safety, write_report

    page = None if report is None else write_report(result, report)
    document = as_document(result)
    if as_json:
        emit(document)
        return
    for one in result.outcomes:
        _show_bad(one)
    for kind, counts in document["counts"].items():
        if counts["all"]:
            parts = [f"{counts[name]} {name}" for name in _STATES if counts[name]]
            say(f"{kind}s: {counts['all']}: {', '.join(parts)}")
    judged = safety(result)
    say(f"{'✓' if judged.safe else '✗'} {judged.headline}")
    for reason in judged.reasons:
        say(f"    {reason}")
    for line in judged.known:
        say(f"    stays behind: {line}")
    if page is not None:
        say(f"report: {page}")


_STATES = ("copied", "completed", "already", "failed", "equal", "different")


def _show_bad(one: Outcome) -> None:
    from trackbridge.cli.verify import show_difference

    if one.failure is not None:
        say(f"✗ {one.kind} {one.id}: {one_line(one.failure.message)}")
        if one.failure.remedy:
            say(f"    {one_line(one.failure.remedy)}")
    if one.verdict == "different":
        say(f"≠ {one.kind} {one.id} ({one.name or 'no name'})")
        for difference in one.differences:
            show_difference(difference)


def _plan_lines(plan: Plan, workers: int) -> list[str]:
    from trackbridge.cli.migrate_progress import shown_bytes, shown_time

    uncounted = f", and {plan.uncounted} series that the source does not count" if plan.uncounted else ""
    beside = ", ".join(f"{count} {name}" for name, count in plan.beside.items() if count)
    return [
        f"{plan.runs} runs in {plan.experiments} experiments, {plan.levels} levels; {plan.done} are there already",
        f"{plan.models} models with {plan.versions} versions",
        f"{plan.params} params, {plan.tags} tags, {plan.datasets} data sets, {plan.metrics} metrics",
        f"{plan.points} points{uncounted}; {plan.artifacts} artifacts of {shown_bytes(plan.bytes)}",
        f"kept beside the target's own fields, whole: {beside or 'nothing'}",
        *(f"travels as artifacts: {name}: {why}" for name, why in plan.travels.items()),
        *(f"stays behind: {name}: {why}" for name, why in plan.stays.items()),
        f"roughly {shown_time(plan.seconds)} with {workers} workers",
    ]
