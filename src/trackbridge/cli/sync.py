"""``trackbridge sync``: deliver what lies in journals."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from trackbridge.cli._options import AsJson
from trackbridge.cli._output import emit, one_line, say

if TYPE_CHECKING:
    from trackbridge.shipping.sync import Synced

__all__ = ["sync"]

_SOMETHING_LEFT: Final = 3
_WATCH_EVERY_S: Final = 2.0


def sync(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A journal directory, or a copy of one; that of this user by default."),
    ] = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until interrupted.")] = False,
    timeout_s: Annotated[float, typer.Option("--timeout", metavar="S", help="How long to try, in seconds.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Deliver what was logged and has not arrived; exits with 3 if something is left."""
    from trackbridge.config import settings
    from trackbridge.shipping.root import journal_root

    place = journal_root(settings()) if directory is None else directory.absolute()
    if not place.is_dir():
        raise typer.BadParameter(f"{place} is no directory", param_hint="DIR")
    found = _deliver(place, timeout_s)
    try:
        while watch:
            _show(found)
            time.sleep(_WATCH_EVERY_S)
            found = _deliver(place, timeout_s)
    except KeyboardInterrupt:
        raise typer.Exit from None
    if as_json:
        emit([_row(one) for one in found])
    else:
        _show(found)
        say(f"{sum(one.complete for one in found)} of {len(found)} journals in {place} delivered.")
    if any(not (one.complete or one.alive) for one in found):
        raise typer.Exit(_SOMETHING_LEFT)


def _deliver(place: Path, timeout_s: float) -> tuple[Synced, ...]:
    from trackbridge.shipping.sync import deliver

    return deliver(place, timeout_s=timeout_s)


def _show(found: tuple[Synced, ...]) -> None:
    for one in found:
        say(f"{'✓' if one.complete else '…' if one.alive else '✗'} {one.directory}")
        for delivery in one.deliveries:
            say(f"    {delivery.backend}: {delivery.delivered} delivered; {one_line(delivery.summary)}")
        if one.error:
            say(f"    {one_line(one.error)}")


def _row(one: Synced) -> dict[str, object]:
    return {
        "journal": str(one.directory),
        "complete": one.complete,
        "alive": one.alive,
        "backends": list(one.deliveries),
        "error": one.error,
    }
