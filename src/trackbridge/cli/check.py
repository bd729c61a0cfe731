"""``trackbridge check``: find code that goes round the one API."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trackbridge.cli._options import AsJson
from trackbridge.cli._output import emit, one_line, say

__all__ = ["check"]

_SAID_NO = 1


class Form(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    SARIF = "sarif"
    RUFF = "ruff"


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATHS", help="Files, and folders to look through; this one by default."),
    ] = None,
    *,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="PATHS[:MODULE]", help="What may stay, such as 'tools/*' or 'tools/*:some_sdk'."),
    ] = None,
    forbid: Annotated[
        list[str] | None, typer.Option(metavar="MODULE", help="An SDK to look for besides those of installed backends.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where it cannot tell, too.")] = False,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="Text; SARIF 2.1.0 for code hosts; or nothing but what ruff needs to find the same imports.",
        ),
    ] = Form.TEXT,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write SARIF there, besides.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find code that uses a vendor's SDK without trackbridge; nothing of it is run or imported.

    A line with a comment such as `# trackbridge: allow mlflow` may stay. Exits with 1 if something was found.
    """
    from trackbridge import __version__
    from trackbridge.policy.bypass import find_bypasses, parse_allowance, ruff_configuration, sarif, vendor_apis

    apis = vendor_apis(forbid or ())
    if form is Form.RUFF:
        sys.stdout.write(ruff_configuration(apis))
        return
    allowances = [parse_allowance(text) for text in allow or ()]
    findings = list(find_bypasses(paths or [Path()], apis, allowances))
    document = sarif(findings, __version__)
    if output is not None:
        output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if as_json:
        emit([{"place": finding.place, "message": finding.message, "finding": finding} for finding in findings])
    elif form is Form.SARIF:
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        for finding in findings:
            say(f"{'✗' if finding.certain else '?'} {finding.place}: {one_line(finding.message)} [{finding.rule}]")
        certain = sum(finding.certain for finding in findings)
        say(f"{certain} found, {len(findings) - certain} that cannot be told.")
    if any(finding.certain or strict for finding in findings):
        raise typer.Exit(_SAID_NO)
