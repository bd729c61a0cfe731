"""The report for programs: what was asked, the verdict, the sums, and every thing that is not as it should be."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any, Final

from trackbridge.migration.job import Result
from trackbridge.migration.outcomes import Outcome
from trackbridge.migration.report.verdict import safety
from trackbridge.records.times import iso

__all__ = ["as_document", "as_json", "rate"]

FORMAT: Final = "trackbridge-migration 1"
_KINDS: Final = ("experiment", "run", "model")


def as_document(result: Result) -> dict[str, Any]:
    """Give the whole report as plain values; every outcome is in it, those that went well in short."""
    judged = safety(result)
    return {
        "format": FORMAT,
        "source": result.source,
        "target": result.target,
        "selection": asdict(result.selection),
        "verify": result.verify,
        "began": iso(result.began_ms),
        "ended": iso(result.ended_ms),
        "seconds": round(result.seconds, 3),
        "good": result.good,
        "safe_to_delete_source": judged.safe,
        "reasons": list(judged.reasons),
        "left_behind": list(judged.known),
        "counts": {kind: _counts(result, kind) for kind in _KINDS},
        "sent": {
            "points": sum(one.sent_points for one in result.outcomes),
            "files": sum(one.sent_files for one in result.outcomes),
            "bytes": sum(one.sent_bytes for one in result.outcomes),
        },
        "runs_per_s": rate(result),
        "surplus": _surplus(result),
        "failed": [_row(one) for one in result.outcomes if one.state == "failed"],
        "different": [_row(one) for one in result.outcomes if one.verdict == "different"],
        "noted": [_row(one) for one in result.outcomes if one.good and one.notes],
        "digests": {f"{one.kind} {one.id}": one.digest for one in result.outcomes if one.digest and one.good},
    }


def as_json(document: dict[str, Any]) -> str:
    """Give the document's text."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def rate(result: Result) -> float:
    """Give the runs per second."""
    runs = sum(one.kind == "run" for one in result.outcomes)
    return round(runs / result.seconds, 3) if result.seconds else 0.0


def _counts(result: Result, kind: str) -> dict[str, int]:
    mine = [one for one in result.outcomes if one.kind == kind]
    states = Counter(one.state for one in mine)
    verdicts = Counter(one.verdict for one in mine)
    return {
        "all": len(mine),
        **{state: states[state] for state in ("copied", "completed", "already", "failed")},
        "equal": verdicts["equal"],
        "different": verdicts["different"],
        "not_compared": verdicts["not compared"],
    }


def _surplus(result: Result) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for one in result.outcomes:
        sums.update(one.surplus)
    return dict(sorted(sums.items()))


def _row(one: Outcome) -> dict[str, Any]:
    row = {
        "kind": one.kind,
        "id": one.id,
        "name": one.name,
        "experiment": one.experiment,
        "state": one.state,
        "verdict": one.verdict,
        "failure": None if one.failure is None else asdict(one.failure),
        "differences": [asdict(difference) for difference in one.differences],
        "notes": list(one.notes),
    }
    return {name: value for name, value in row.items() if value not in (None, [])}
