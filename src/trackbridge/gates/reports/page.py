"""The report as one self-contained page: no script, no font, no picture from anywhere, and a policy that forbids them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any, Final

from trackbridge.gates.evaluation import Judgement
from trackbridge.gates.facts import Facts
from trackbridge.gates.reports.curves import Curves
from trackbridge.gates.reports.drawing import curve_svg, scale_svg
from trackbridge.gates.reports.words import change, headline, shown_number, worst_first
from trackbridge.gates.verdicts import Finding, Status
from trackbridge.records.times import iso

__all__ = ["as_page"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_COUNTED: Final[dict[Status, str]] = {"pass": "passed", "fail": "failed", "insufficient": "could not be judged"}
_WORDS: Final = {"pass": "✓ pass", "fail": "✗ fail", "insufficient": "? insufficient"}


def as_page(judgement: Judgement, document: dict[str, Any], digest: str, curves: Curves) -> bytes:
    """Give the document."""
    title = headline(judgement, document["forced"])
    body = "\n".join(
        (
            *_head(judgement, title),
            *_findings(judgement.verdict.findings),
            *_metrics(document["metrics"]),
            *_slices(document["slices"]),
            *_curves(curves),
            f"<footer>Judged {iso(judgement.candidate.read_ms)}. Report <code>{escape(digest)}</code></footer>",
        )
    )
    style = files(__package__).joinpath("style.css").read_text("utf-8")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n'  # or the browser would ask the server for one
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")


def _head(judgement: Judgement, title: str) -> Iterator[str]:
    verdict = judgement.verdict
    yield f"<h1>{escape(judgement.gate.model)}</h1>"
    baseline = "no baseline" if judgement.baseline is None else f"baseline: {_version(judgement.baseline)}"
    yield f'<p class="sub">candidate: {escape(_version(judgement.candidate))} · {escape(baseline)}</p>'
    counted = ", ".join(f"{verdict.count(status)} {word}" for status, word in _COUNTED.items() if verdict.count(status))
    colour = "pass" if judgement.allowed else verdict.status
    yield (
        f'<div class="verdict {colour}"><strong>{escape(title)}</strong><br>'
        f"<span>{len(verdict.findings)} checks: {counted}.</span></div>"
    )


def _version(facts: Facts) -> str:
    version = facts.version
    run = f"run {version.run_id}" if version.run_id else "no run"
    return f"version {version.number} ({version.stage}, {version.approval}), {run}"


def _findings(findings: tuple[Finding, ...]) -> Iterator[str]:
    yield "<h2>Checks</h2><table><tr><th>verdict<th>check<th>why</tr>"
    for finding in worst_first(findings):
        notes = "".join(f'<span class="note">{escape(note)}</span>' for note in finding.notes)
        yield (
            f'<tr><td class="status {finding.status}">{_WORDS[finding.status]}<td>{escape(finding.subject)}'
            f"<td>{escape(finding.reason)}{notes}</tr>"
        )
    yield "</table>"


def _metrics(rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield '<h2>Metrics</h2><table><tr><th>metric<th class="n">candidate<th class="n">baseline<th class="n">change</tr>'
    for row in rows:
        mine, theirs = row["candidate"], row["baseline"]
        yield (
            f'<tr><td>{escape(row["name"])}<td class="n">{shown_number(mine)}<td class="n">{shown_number(theirs)}'
            f'<td class="n">{change(mine, theirs)}</tr>'
        )
    yield "</table>"


def _slices(groups: list[dict[str, Any]]) -> Iterator[str]:
    if any(group["slices"] for group in groups):
        yield '<h2>Slices</h2><p class="sub">A bar is the candidate, the tick on it the baseline.</p>'
    for group in groups:
        if not group["slices"]:
            continue
        values = [_float(row[side]) for row in group["slices"] for side in ("candidate", "baseline")]
        finite = [value for value in values if value is not None and math.isfinite(value)] or [0.0]
        yield f"<h3>{escape(group['metric'])} by {escape(', '.join(group['by']))}</h3>"
        yield '<table><tr><th>slice<th class="n">rows<th class="n">candidate<th class="n">baseline<th></tr>'
        for row in group["slices"]:
            rows = "?" if row["rows"] is None else f"{row['rows']:,}"
            few = " ⚠ few" if row["rows"] is not None and row["rows"] < group["min_rows"] else ""
            drawn = scale_svg(_float(row["candidate"]), _float(row["baseline"]), min(finite), max(finite))
            yield (
                f'<tr><td>{escape(row["name"])}<td class="n">{rows}{few}<td class="n">{shown_number(row["candidate"])}'
                f'<td class="n">{shown_number(row["baseline"])}<td class="drawn">{drawn}</tr>'
            )
        yield "</table>"


def _curves(curves: Curves) -> Iterator[str]:
    if curves:
        yield '<h2>Curves</h2><p class="sub key"><i></i>candidate <i class="b"></i>baseline</p><div class="curves">'
        for name, curve in curves.items():
            yield f"<figure><figcaption>{escape(name)}</figcaption>{curve_svg(name, curve)}</figure>"
        yield "</div>"


def _float(value: float | str | None) -> float | None:
    return value if isinstance(value, float | int) else None
