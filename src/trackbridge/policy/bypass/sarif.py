"""Findings as SARIF 2.1.0, which code hosts show beside the lines (docs.oasis-open.org/sarif/sarif/v2.1.0)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from trackbridge.policy.bypass.finding import RULES, Finding

__all__ = ["sarif"]

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Iterable[Finding], version: str) -> dict[str, Any]:
    """Give the document; what is certain is an error in it, the rest a warning.

    Args:
        findings: What was found.
        version: Of trackbridge.
    """
    rules = list(RULES)
    driver = {
        "name": "trackbridge check",
        "version": version,
        "rules": [{"id": rule, "shortDescription": {"text": RULES[rule]}} for rule in rules],
    }
    results = [
        {
            "ruleId": finding.rule,
            "ruleIndex": rules.index(finding.rule),
            "level": "error" if finding.certain else "warning",
            "message": {"text": f"{finding.message} (cell {finding.cell})" if finding.cell else finding.message},
            "locations": [{"physicalLocation": _place(finding)}],
        }
        for finding in findings
    ]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _place(finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path)}}
    if not finding.cell:  # a line within a cell is no line of the file
        place["region"] = {"startLine": finding.line, "startColumn": finding.column}
    return place
