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

__all__ = ["Play", "as_document", "digest_table", "show", "show_places"]


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


def digest_table(plays: Sequence[Play]) -> Table:
    """Set the content digests of the runs side by side: equal, whatever the backend."""
    return table(
        ("run", *(play.shown for play in plays), "equal"),
        (
            (name, *(play.digests[name][:23] + "…" for play in plays), "yes" if len({play.digests[name] for play in plays}) == 1 else "NO")
            for name in plays[0].digests
        ),
        title="Content digests",
    )  # fmt: skip


def show_places(plays: Sequence[Play], data: Path) -> None:
    """Say where everything lies and what to try next."""
    play = plays[-1]
    flag = f"--backend {shlex.quote(play.shown)}"
    best, second = play.runs[0].id, play.runs[1].id
    say()
    say("Where everything lies")
    for one in plays:
        say(f"  {one.shown}")
    say(f"  {data}, the data set")
    say(f"  {Path(__file__).parents[1] / 'demo'}, the three scripts just played")
    say()
    say("What to try next")
    say(f"  trackbridge runs list {flag}")
    say(f"  trackbridge runs show {best} {flag}")
    say(f"  trackbridge runs compare {best} {second} {flag}")
    say(f"  trackbridge models history {play.version.model} {flag}")
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
