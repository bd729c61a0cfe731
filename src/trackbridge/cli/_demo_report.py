"""What the demo shows when it is done."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackbridge.cli._output import duration, number, say, table
from trackbridge.cli.models.history import trail_table
from trackbridge.demo.curves import chart
from trackbridge.demo.promote import Prediction
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.models import ModelVersion
from trackbridge.records.runs import RunRecord
from trackbridge.records.trail import TrailEntry

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["Play", "as_document", "show", "show_equal", "show_places"]


@dataclass(frozen=True, slots=True)
class Play:
    """What the demo did on one backend; `runs` are the three, best first; `digests` and `curves` go by their names."""

    url: str
    shown: str
    runs: tuple[RunRecord, ...]
    digests: Mapping[str, str]
    curves: Mapping[str, Sequence[MetricPoint]]
    version: ModelVersion
    trail: tuple[TrailEntry, ...]
    prediction: Prediction


def show(play: Play, console: Console) -> None:
    """Show runs, curves, the trail and the prediction."""
    console.print(_run_table(play.runs))
    width = min(console.width, 100)
    say_raw = chart(play.curves, title="val_loss", width=width, height=18, colour=console.is_terminal)
    console.out(say_raw, highlight=False)
    console.print()
    console.print(trail_table(play.trail))
    seen = play.prediction
    say(f"Loaded {play.version.model} version {seen.version} from Production: {seen.correct} of {seen.rows} right.")
    say(f"  predicted  {' '.join(map(str, seen.predicted))} …")
    say(f"  true       {' '.join(map(str, seen.truth))} …")


def _run_table(runs: Sequence[RunRecord]) -> Table:
    return table(
        ("run", ">val_auc", ">val_accuracy", ">loss", ">val_loss (least)", ">points", ">took", "id"),
        (
            (
                run.name or "",
                number(run.metrics["val_auc"].last),
                number(run.metrics["val_accuracy"].last),
                number(run.metrics["loss"].last),
                f"{number(run.metrics['val_loss'].last)} ({number(run.metrics['val_loss'].min)})",
                str(sum(summary.count for summary in run.metrics.values())),
                duration(run.started_ms, run.ended_ms),
                run.id,
            )
            for run in runs
        ),
        title="Runs, best first",
    )


def show_equal(plays: Sequence[Play], at_once: Mapping[str, Mapping[str, str]], console: Console) -> None:
    """Set the digests side by side, each read back from its own backend: equal, whatever the backend."""
    first = [(play.shown, play.digests) for play in plays]
    console.print(_digest_table("The same script, one backend after the other: digests of content", first))
    if at_once:
        second = [(play.shown, at_once[play.url]) for play in plays]
        console.print(_digest_table("The same run on all backends at once: digests of everything", second))


def _digest_table(title: str, columns: Sequence[tuple[str, Mapping[str, str]]]) -> Table:
    rows = []
    for name in sorted({name for _, digests in columns for name in digests}):
        found = [digests.get(name, "missing") for _, digests in columns]
        equal = len(set(found)) == 1 and "missing" not in found
        rows.append((name, *(digest[:23] + "…" * (len(digest) > 23) for digest in found), "yes" if equal else "NO"))
    return table(("run", *(shown for shown, _ in columns), "equal"), rows, title=title)


def show_places(plays: Sequence[Play], data: Path, later: Mapping[str, str]) -> None:
    """Say where everything lies and what to try next.

    Args:
        plays: What was played, the first of them on a backend that is still there.
        data: The folder of the data set.
        later: How the data of a server is read that has stopped by now, by its URL.
    """
    play = plays[0]
    flag = f"--backend {shlex.quote(play.shown)}"
    best, second = play.runs[0].id, play.runs[1].id
    say()
    say("Where everything lies")
    for one in plays:
        say(f"  {later.get(one.url, one.shown)}")
    say(f"  {data}, the data set")
    say(f"  {Path(__file__).parents[1] / 'demo'}, the three scripts just played")
    say()
    say("What to try next")
    say(f"  trackbridge runs list {flag}")
    say(f"  trackbridge runs show {best} {flag}")
    say(f"  trackbridge runs compare {best} {second} {flag}")
    say(f"  trackbridge models history {play.version.model} {flag}")
    for url in later.values():
        say(f"  trackbridge runs list --backend {shlex.quote(url)}")
    if not later:
        say(f"  trackbridge demo --backend {shlex.quote(play.shown)} --backend local://elsewhere")


def as_document(play: Play) -> dict[str, Any]:
    """Give all of it for ``--json``."""
    return {
        "backend": play.shown,
        "runs": play.runs,
        "content_digests": play.digests,
        "version": play.version,
        "trail": play.trail,
        "prediction": play.prediction,
    }
