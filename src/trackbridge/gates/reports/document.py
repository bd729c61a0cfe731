"""The report as a JSON document: all that the verdict rests on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

from trackbridge.gates.checks import SliceCheck
from trackbridge.gates.evaluation import Judgement
from trackbridge.gates.facts import Facts, Slice

__all__ = ["as_document", "as_json"]

_FORMAT: Final = 1
_HIDDEN: Final = "system/"  # load of the machine: says nothing about the model
_SLICED: Final = ":"


def as_document(judgement: Judgement, forced: str | None = None) -> dict[str, Any]:
    """Give the report as plain values; NaN and the infinities are texts."""
    verdict, gate = judgement.verdict, judgement.gate
    return {
        "format": _FORMAT,
        "model": gate.model,
        "verdict": verdict.status,
        "allowed": judgement.allowed,
        "forced": forced,
        "insufficient": gate.insufficient,
        "judged_ms": judgement.candidate.read_ms,
        "candidate": _version(judgement.candidate),
        "baseline": None if judgement.baseline is None else _version(judgement.baseline),
        "findings": [
            {
                "check": finding.check,
                "subject": finding.subject,
                "status": finding.status,
                "reason": finding.reason,
                "candidate": _number(finding.candidate),
                "baseline": _number(finding.baseline),
                "notes": list(finding.notes),
            }
            for finding in verdict.findings
        ],
        "metrics": list(_metrics(judgement.candidate, judgement.baseline)),
        "slices": list(_slices(judgement)),
    }


def as_json(document: dict[str, Any]) -> bytes:
    """Give the bytes of the document, which are what its digest is of."""
    return (json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=2) + "\n").encode()


def _version(facts: Facts) -> dict[str, Any]:
    version = facts.version
    return {
        "version": version.number,
        "run_id": version.run_id,
        "digest": version.digest,
        "stage": version.stage,
        "approval": version.approval,
    }


def _metrics(candidate: Facts, baseline: Facts | None) -> Iterator[dict[str, Any]]:
    """Give every metric of either, slices apart: they have a table of their own."""
    mine, theirs = _last(candidate), {} if baseline is None else _last(baseline)
    for name in sorted({*mine, *theirs}):
        if not name.startswith(_HIDDEN) and _SLICED not in name:
            yield {"name": name, "candidate": _number(mine.get(name)), "baseline": _number(theirs.get(name))}


def _last(facts: Facts) -> dict[str, float]:
    return {} if facts.run is None else {name: summary.last for name, summary in facts.run.metrics.items()}


def _slices(judgement: Judgement) -> Iterator[dict[str, Any]]:
    for check in judgement.gate.checks:
        if not isinstance(check, SliceCheck):
            continue
        for by in check.groups:
            mine = check.slices(judgement.candidate, by).slices
            theirs: tuple[Slice, ...] = ()
            if judgement.baseline is not None:
                theirs = check.slices(judgement.baseline, by).slices
            values = {one.of: one.value for one in theirs}
            yield {
                "metric": check.metric,
                "by": list(by),
                "min_rows": check.min_rows,
                "slices": [
                    {
                        "name": one.name,
                        "rows": one.rows,
                        "candidate": _number(one.value),
                        "baseline": _number(values.get(one.of)),
                    }
                    for one in mine
                ],
            }


def _number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
