"""What ``doctor`` says of journals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackbridge.cli._output import one_line, say, table

if TYPE_CHECKING:
    from trackbridge.shipping.survey import JournalState

__all__ = ["show_journals", "surveyed"]

_COLUMNS = ("run", "writer", "backend", ">queued", ">delivered", ">retried", ">rejected", ">dropped", ">oldest")


def surveyed() -> list[JournalState]:
    """Look at every journal in this user's journal directory."""
    from trackbridge.config import settings
    from trackbridge.shipping.root import journal_root
    from trackbridge.shipping.survey import survey

    return list(survey(journal_root(settings())))


def show_journals(journals: list[JournalState]) -> None:
    """Print a row for each backend of each journal."""
    from trackbridge.cli._output import console

    if not journals:
        say("\nNo journal waits for delivery.")
        return
    rows = [
        (
            journal.run,
            journal.writer + (" (alive)" if journal.alive else ""),
            each.backend,
            *map(str, (each.queued, each.delivered, each.retried, each.rejected, each.dropped)),
            "–" if each.oldest_s is None else f"{each.oldest_s:.0f} s",
        )
        for journal in journals
        for each in journal.deliveries
    ]
    console().print(table(_COLUMNS, rows, title="Journals"))
    for journal in journals:
        if journal.error:
            say(f"  ! {journal.directory}: {one_line(journal.error)}")
    if any(not journal.alive for journal in journals):
        say("Deliver what the dead have left: trackbridge sync")
