"""``trackbridge doctor``: reach the backends and say what was found."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from trackbridge.cli._journals import show_journals, surveyed
from trackbridge.cli._options import AsJson
from trackbridge.cli._output import emit, one_line, say
from trackbridge.errors import TrackbridgeError

if TYPE_CHECKING:
    from trackbridge.config import BackendChoice
    from trackbridge.shipping.survey import JournalState

__all__ = ["doctor"]


@dataclass(frozen=True, slots=True)
class _Finding:
    name: str
    url: str
    ok: bool
    took_ms: int
    facts: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None
    exit_code: int = 0


def doctor(
    url: Annotated[str | None, typer.Argument(metavar="URL", help="A backend's URL or configured name.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Reach a backend, or all that are configured, and say what is there, what is wrong, and what is not delivered."""
    from trackbridge import __version__
    from trackbridge.config import chosen_backends

    findings = [_examine(choice) for choice in chosen_backends(url)]
    journals = surveyed()
    if as_json:
        found = {"trackbridge": __version__, "python": platform.python_version(), "backends": findings}
        emit({**found, "journals": [_row(journal) for journal in journals]})
    else:
        say(f"trackbridge {__version__}, Python {platform.python_version()} on {platform.system()}")
        for finding in findings:
            _show(finding)
        show_journals(journals)
    raise typer.Exit(max((finding.exit_code for finding in findings), default=0))


def _examine(choice: BackendChoice) -> _Finding:
    from trackbridge.cli._app import exit_code
    from trackbridge.protocol import find_adapter, open_backend, parse_url

    begun, shown = time.monotonic(), choice.name

    def took_ms() -> int:
        return round((time.monotonic() - begun) * 1000)

    try:
        url = parse_url(choice.url, base=choice.base)
        shown = str(url)
        spec = find_adapter(url)
        backend = open_backend(url)
        try:
            info = backend.adapter.check()
        finally:
            backend.adapter.close()
    except TrackbridgeError as error:
        text, code = str(error), exit_code(error)
        return _Finding(choice.name, shown, ok=False, took_ms=took_ms(), error=text, exit_code=code)
    gaps = [(name, spec.capabilities.absent(name)) for name, _ in spec.capabilities.items()]
    absent = [(f"no {name}", gap.reason) for name, gap in gaps if gap]
    facts = (*info.facts, *absent)
    return _Finding(
        choice.name, shown, ok=True, took_ms=took_ms(), facts=facts, warnings=(*info.warnings, *info.missing)
    )


def _row(journal: JournalState) -> dict[str, object]:
    return {
        "journal": str(journal.directory),
        "run": journal.run,
        "writer": journal.writer,
        "alive": journal.alive,
        "backends": list(journal.deliveries),
        "error": journal.error,
    }


def _show(finding: _Finding) -> None:
    label = finding.url if "://" in finding.name else f"{finding.name}: {finding.url}"
    say()
    say(f"{'✓' if finding.ok else '✗'} {label}  ({finding.took_ms} ms)")
    width = max((len(name) for name, _ in finding.facts), default=0)
    for name, fact in finding.facts:
        say(f"    {name:<{width}}  {one_line(fact)}")
    for warning in finding.warnings:
        say(f"  ! {one_line(warning)}")
    if finding.error:
        say(f"    {one_line(finding.error)}")
