"""What differs between two runs, told from their canonical forms and so complete by construction (C1, C2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Final

from trackbridge.records.metrics import MetricPoint
from trackbridge.records.values import canonical_json, decode_value

__all__ = ["Difference", "form_differences", "point_differences"]

STEPS_SHOWN: Final = 5
VALUES_SHOWN: Final = 5
_TYPED: Final = frozenset({"params", "attributes"})
_FILES: Final = frozenset({"artifacts", "environment_files", "objects", "surplus"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not equal: `what`, as in a search, and how each side shows it; None where it is missing."""

    what: str
    source: str | None
    target: str | None


def form_differences(source: str, target: str) -> list[Difference]:
    """Compare two canonical forms of runs, of one kind.

    A metric whose series differ is one `Difference` named ``metrics.…``; `point_differences` goes into it.
    """
    left, right = _facts(json.loads(source)), _facts(json.loads(target))
    return [
        Difference(what, left.get(what), right.get(what))
        for what in sorted(left.keys() | right.keys())
        if left.get(what) != right.get(what)
    ]


def _facts(form: dict[str, Any]) -> dict[str, str]:
    """Flatten a canonical form into one line of text a fact."""
    facts: dict[str, str] = {}
    for family, content in form.items():
        if family in _TYPED:
            facts |= {f"{family}.{name}": _typed(pair) for name, pair in content.items()}
        elif family in _FILES:
            facts |= {f"{family}.{path}": f"{size} bytes, sha256 {sha}" for path, size, sha in content}
        elif family == "metrics":
            facts |= {f"metrics.{name}": f"{count} points, sha256 {sha}" for name, (count, sha) in content.items()}
        elif family == "tags":
            facts |= {f"tags.{name}": repr(text) for name, text in content.items()}
        elif family == "datasets":
            facts |= _dataset_facts(content)
        else:
            facts[family] = repr(content)
    return facts


def _typed(pair: list[Any]) -> str:
    """Show the type where Python's own spelling of the value would not: NaN, Inf and strings in lists all do."""
    return repr(decode_value(pair))


def _dataset_facts(rows: list[dict[str, Any]]) -> dict[str, str]:
    # The same data set may be used twice; a number tells the uses apart, in the canonical order of the rows.
    facts: dict[str, str] = {}
    for row in rows:
        what, number = f"datasets.{row['name']}", 1
        while what in facts:
            number += 1
            what = f"datasets.{row['name']} ({number})"
        facts[what] = canonical_json(row)
    return facts


def point_differences(
    source: Iterable[MetricPoint], target: Iterable[MetricPoint], *, timed: bool
) -> Iterator[Difference]:
    """Give the steps at which two series of one metric differ, the first five.

    Args:
        source: One series in M2 order; it is streamed.
        target: The other, likewise.
        timed: False leaves timestamps out of the comparison, as the content digest does (C2).
    """
    yield from islice(_unequal_steps(source, target, timed=timed), STEPS_SHOWN)


def _unequal_steps(
    source: Iterable[MetricPoint], target: Iterable[MetricPoint], *, timed: bool
) -> Iterator[Difference]:
    left_steps, right_steps = _by_step(source, timed=timed), _by_step(target, timed=timed)
    left, right = next(left_steps, None), next(right_steps, None)
    while left or right:
        here = min(side[0] for side in (left, right) if side)
        on_left = left[1] if left and left[0] == here else ()
        on_right = right[1] if right and right[0] == here else ()
        if on_left != on_right:
            yield Difference(f"step {here}", _listed(on_left), _listed(on_right))
        left = next(left_steps, None) if on_left else left
        right = next(right_steps, None) if on_right else right


def _by_step(points: Iterable[MetricPoint], *, timed: bool) -> Iterator[tuple[int, tuple[str, ...]]]:
    # Text tells all float64 apart that the canonical form does: NaN is one, −0.0 is not 0.0.
    for step, group in groupby(points, key=lambda point: point.step):
        yield step, tuple(f"{p.value!r} at {p.timestamp_ms} ms" if timed else repr(p.value) for p in group)


def _listed(values: tuple[str, ...]) -> str | None:
    if not values:
        return None
    more = f" … and {len(values) - VALUES_SHOWN} more" if len(values) > VALUES_SHOWN else ""
    return ", ".join(values[:VALUES_SHOWN]) + more
