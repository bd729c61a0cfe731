"""The report as Markdown, for the comment of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from trackbridge.gates.evaluation import Judgement
from trackbridge.gates.reports.words import MARKS, change, headline, shown_number, worst_first

__all__ = ["as_markdown"]

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~!])")


def as_markdown(judgement: Judgement, document: dict[str, Any], digest: str) -> bytes:
    """Give the document."""
    return ("\n".join(_lines(judgement, document, digest)) + "\n").encode()


def _lines(judgement: Judgement, document: dict[str, Any], digest: str) -> Iterator[str]:
    yield f"## {_escaped(headline(judgement, document['forced']))}"
    yield ""
    yield from _table(
        ("", "check", "why"),
        (
            (
                MARKS[finding.status],
                _escaped(finding.subject),
                "<br>".join(map(_escaped, (finding.reason, *finding.notes))),
            )
            for finding in worst_first(judgement.verdict.findings)
        ),
    )
    if document["metrics"]:
        yield from ("", "<details><summary>Metrics</summary>", "")
        yield from _table(
            ("metric", "candidate", "baseline", "change"),
            (
                (
                    _escaped(row["name"]),
                    shown_number(row["candidate"]),
                    shown_number(row["baseline"]),
                    change(row["candidate"], row["baseline"]),
                )
                for row in document["metrics"]
            ),
        )
        yield from ("", "</details>")
    for group in document["slices"]:
        title = f"{group['metric']} by {', '.join(group['by'])}"
        yield from ("", f"<details><summary>{_escaped(title)}</summary>", "")
        yield from _table(
            ("slice", "rows", "candidate", "baseline"),
            (
                (
                    _escaped(row["name"]),
                    "?" if row["rows"] is None else str(row["rows"]),
                    shown_number(row["candidate"]),
                    shown_number(row["baseline"]),
                )
                for row in group["slices"]
            ),
        )
        yield from ("", "</details>")
    yield from ("", f"Report `{digest}`")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _escaped(text: str) -> str:
    """Show a text as it is: names come from whoever trained the model."""
    return (
        _SPECIAL.sub(r"\\\1", " ".join(text.replace("&", "&amp;").split()))
        .replace(r"\<", "&lt;")
        .replace(r"\>", "&gt;")
    )
