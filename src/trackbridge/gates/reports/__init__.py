"""What a gate said, four times: for programs, for CI systems, for a pull request, and as a page for people."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trackbridge.gates.evaluation import Judgement
from trackbridge.gates.reports.curves import Curves, read_curves
from trackbridge.gates.reports.document import as_document, as_json
from trackbridge.gates.reports.junit import as_junit
from trackbridge.gates.reports.markdown import as_markdown
from trackbridge.gates.reports.page import as_page
from trackbridge.redaction import redact_text

__all__ = ["REPORT_FILES", "Report", "make_report", "read_curves"]

REPORT_FILES: Final = ("gate.json", "junit.xml", "gate.md", "gate.html")


@dataclass(frozen=True, slots=True)
class Report:
    """A report: its files by name, and the digest of ``gate.json``, ``sha256:hex``, by which it is known for ever."""

    digest: str
    files: Mapping[str, bytes]


def make_report(judgement: Judgement, curves: Curves | None = None, forced: str | None = None) -> Report:
    """Write the report of a judgement.

    Args:
        judgement: What the gate said.
        curves: The series to draw, as `read_curves` gives them; None draws none.
        forced: Why the gate is overruled, if it is.
    """
    document = as_document(judgement, None if forced is None else redact_text(forced))
    data = as_json(document)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    contents = (
        data,
        as_junit(judgement, digest),
        as_markdown(judgement, document, digest),
        as_page(judgement, document, digest, curves or {}),
    )
    return Report(digest, dict(zip(REPORT_FILES, contents, strict=True)))
