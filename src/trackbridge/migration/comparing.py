"""How a run of the target differs from its source, value by value; the target is read through, never believed (C1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from trackbridge.errors import TrackbridgeError
from trackbridge.migration.differences import Difference, form_differences, point_differences
from trackbridge.migration.forms import RunForm, read_back
from trackbridge.migration.sides import Side
from trackbridge.records.values import canonical_json
from trackbridge.shipping.retry import may_recover
from trackbridge.store.reading import Reading

__all__ = ["compare_run", "counts_differ"]

_METRIC = "metrics."


def compare_run(source: Side, target: Side, reading: Reading, form: RunForm) -> tuple[Difference, ...]:
    """Read a run back from the target and give all that is not equal; empty where everything is.

    Args:
        source: Where the run is; only the series that differ are read again.
        target: The backend to read back from.
        reading: The run at the source.
        form: Its form there. Whether it is deleted is compared too.

    Raises:
        TrackbridgeError: the target cannot answer now. What it cannot read at all is a difference.
    """
    try:
        held = target.find(reading.id)
        back = read_back(target, held, _artifacts(form))
    except TrackbridgeError as error:
        if may_recover(error):
            raise
        return (Difference("run", reading.id, f"cannot be read: {error.message}"),)
    if back.text == form.text:
        return ()
    found: list[Difference] = []
    for difference in form_differences(form.text, back.text):
        found.append(difference)
        metric = difference.what.removeprefix(_METRIC)
        if metric != difference.what and difference.source and difference.target:
            found += _steps((source, reading), (target, held), metric)
    return tuple(found)


def _steps(left: tuple[Side, Reading], right: tuple[Side, Reading], metric: str) -> Iterator[Difference]:
    series = (side.reader.points(reading, [metric]) for side, reading in (left, right))
    for step in point_differences(*series, timed=True):
        yield replace(step, what=f"{_METRIC}{metric}, {step.what}")


def counts_differ(source: Side, target: Side, reading: Reading) -> tuple[Difference, ...]:
    """Compare what both sides list: how many of each family there are, without reading points' values or bytes."""
    held = target.find(reading.id)
    sides = [_counts(source, reading), _counts(target, held)]
    texts = [canonical_json({"v": 1, **{f"count of {name}": count for name, count in one.items()}}) for one in sides]
    return tuple(form_differences(*texts))


def _counts(side: Side, reading: Reading) -> dict[str, Any]:
    run = side.reader.record(reading)
    files = side.files.listed(reading)
    return {
        "params": len(run.params),
        "tags": sum(not name.startswith("trackbridge.") for name in run.tags),
        "attributes": sum(not name.startswith("native.") for name in run.attributes),
        "data sets": len(run.datasets),
        "metrics": len(run.metrics),
        "points": sum(summary.count for summary in run.metrics.values()),
        "artifacts": len(files),
        "bytes of artifacts": sum(file.size or 0 for file in files),
        "status": run.status,
    }


def _artifacts(form: RunForm) -> frozenset[str]:
    return frozenset(path for path, *_ in json.loads(form.canonical).get("artifacts", ()))
