"""Puts the commands together, and turns errors of ours into one line and an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from trackbridge.cli import (
    backends,
    check,
    conformance,
    demo,
    doctor,
    gate,
    gc,
    lineage,
    migrate,
    models,
    policy,
    reproduce,
    runs,
    sync,
    verify,
)
from trackbridge.cli._output import one_line, plain
from trackbridge.errors import IntegrityError, TrackbridgeError, Transient, Unsupported
from trackbridge.redaction import redact_text

__all__ = ["app", "run"]

CHECK_SAID_NO: Final = 1
USAGE: Final = 2
BACKEND_FAILED: Final = 3

app = typer.Typer(
    name="trackbridge",
    help="One API for experiment tracking and model registries; the vendor is a line of configuration.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(demo.demo)
app.command()(doctor.doctor)
app.command()(backends.backends)
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")
app.command()(gate.gate)
app.command()(sync.sync)
app.command()(migrate.migrate)
app.command()(gc.archive)
app.command()(gc.gc)
app.command()(verify.verify)
app.command()(conformance.conformance)
app.command()(check.check)
app.command()(lineage.lineage)
app.command()(reproduce.reproduce)
app.add_typer(policy.app, name="policy")


def _version(asked: bool) -> None:
    if asked:
        from trackbridge import __version__

        sys.stdout.write(f"trackbridge {__version__}\n")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def run(arguments: Sequence[str] | None = None) -> None:
    """Run a command line; see `trackbridge.cli.main`."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="trackbridge")
    except TrackbridgeError as error:
        sentence, _, picture = redact_text(str(error)).partition("\n  ")
        sys.stderr.write(f"trackbridge: {one_line(sentence)}\n")
        if picture and sys.stderr.isatty():  # what the query parser draws under a mistake
            sys.stderr.write(f"  {plain(picture)}\n")
        raise SystemExit(exit_code(error)) from None
    except Exception:  # noqa: BLE001 - a fault of ours or of a vendor's SDK; it must not leave with 1, "a check said no"
        sys.stderr.write(redact_text(traceback.format_exc()))
        raise SystemExit(BACKEND_FAILED) from None


def exit_code(error: TrackbridgeError) -> int:
    """Give 3 where the backend is at fault, 2 where what was asked for, or with which settings, has to change."""
    return BACKEND_FAILED if isinstance(error, Transient | IntegrityError | Unsupported) else USAGE
