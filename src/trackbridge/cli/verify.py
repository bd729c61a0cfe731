"""``trackbridge verify SRC DST``: find out whether every run and model of one backend is also in the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from trackbridge.cli._options import AsJson
from trackbridge.cli._output import emit, one_line, say
from trackbridge.cli._progress import progress

if TYPE_CHECKING:
    from trackbridge.migration import Difference, Mismatch

__all__ = ["show_difference", "verify"]

_SHOWN = 300  # characters of a value


def verify(
    source: Annotated[str, typer.Argument(metavar="SRC", help="The backend whose runs must all be found.")],
    target: Annotated[str, typer.Argument(metavar="DST", help="The backend to look in; it may hold more.")],
    *,
    content: Annotated[
        bool, typer.Option("--content", help="Compare what was logged, whatever the ids, times and places.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check that every run and model of SRC is also in DST, with the same values. Exits 1 if not, and shows what differs.

    Points and artifacts are read from DST, whatever it lists; models are left out with --content.
    """
    from trackbridge import migration
    from trackbridge.store import connect

    with connect(source) as left, connect(target) as right, progress("comparing") as update:
        outcome = migration.verify(left, right, content=content, progress=lambda done, run: update(done, None, run))
    if as_json:
        emit(
            {
                "holds": outcome.holds,
                "content": content,
                "runs": outcome.runs,
                "models": outcome.models,
                "equal": outcome.equal,
                "mismatches": outcome.mismatches,
            }
        )
    else:
        for mismatch in outcome.mismatches:
            _show(mismatch)
        models = f" and {outcome.models} models" if outcome.models else ""
        say(f"{outcome.runs} runs{models}, {outcome.equal} equal, {len(outcome.mismatches)} not")
    raise typer.Exit(not outcome.holds)


def _show(mismatch: Mismatch) -> None:
    title = f"{mismatch.kind} {mismatch.run}"
    if mismatch.kind == "run":
        title = f"{mismatch.run} ({mismatch.name or 'no name'}, {mismatch.experiment})"
    if mismatch.counterpart is None:
        say(f"✗ {title}: not in the target")
        return
    also = "" if mismatch.counterpart == mismatch.run else f", beside {mismatch.counterpart}"
    say(f"✗ {title}{also}")
    for difference in mismatch.differences:
        show_difference(difference)


def show_difference(difference: Difference) -> None:
    """Print one difference, a long value cut."""
    sides = (one_line(_cut(side)) if side else "missing" for side in (difference.source, difference.target))
    say(f"    {difference.what}: {'  →  '.join(sides)}")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
