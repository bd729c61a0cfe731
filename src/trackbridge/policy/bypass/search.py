"""Looks through files for code that goes round the API."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from trackbridge.policy.bypass.allowing import Allowance, is_allowed_by_comment
from trackbridge.policy.bypass.finding import Finding
from trackbridge.policy.bypass.inspection import Hit, command_hit, inspect
from trackbridge.policy.bypass.sources import Source, files_in, sources_of
from trackbridge.policy.bypass.vendors import Vendors
from trackbridge.protocol import VendorApi, installed_apis

__all__ = ["find_bypasses", "vendor_apis"]


def vendor_apis(forbidden: Sequence[str] = ()) -> tuple[VendorApi, ...]:
    """Give what the installed adapters' vendors offer, and modules that somebody forbids besides."""
    return (*installed_apis(), VendorApi(modules=tuple(forbidden)))


def find_bypasses(
    paths: Sequence[Path], apis: Sequence[VendorApi], allowances: Sequence[Allowance] = ()
) -> Iterator[Finding]:
    """Give every place that reaches a vendor without trackbridge, by file and line.

    Args:
        paths: Files, and folders to look through.
        apis: What to look for.
        allowances: What may stay.

    Raises:
        NotFound: one of the paths is not there.
    """
    vendors = Vendors(apis)
    for file in files_in(paths):
        for source in sources_of(file):
            yield from (
                finding
                for finding in sorted(set(_findings(source, vendors)))
                if not any(allowance.covers(finding) for allowance in allowances)
            )


def _findings(source: Source, vendors: Vendors) -> Iterator[Finding]:
    if source.error is not None:
        yield Finding(source.path, 1, 1, "unreadable", source.error, source.cell)
        return
    for number, command in source.shell:
        for _, rule, what in command_hit(ast.Pass(), command, vendors):
            yield Finding(source.path, number, 1, rule, what, source.cell)
    try:
        with warnings.catch_warnings(action="ignore"):  # of the code that is looked at
            tree = ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        yield Finding(source.path, line, 1, "unreadable", getattr(error, "msg", str(error)), source.cell)
        return
    lines = source.text.splitlines()
    for hit in inspect(tree, vendors):
        finding = _finding(source, hit)
        if not is_allowed_by_comment(finding, lines[finding.line - 1]):
            yield finding


def _finding(source: Source, hit: Hit) -> Finding:
    node, rule, what = hit
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
    return Finding(source.path, line, column, rule, what, source.cell)
