"""Where a vendor's own screen may show something else than `Store` returns: the situations that checks provoke.

A check compares what the probe sees with what was written, and names the situation. Where the two differ, the adapter
must have declared a `Deviation` whose name is the situation or begins with it and a hyphen: ``inf-clamped`` answers
for the situation ``inf``. A declared deviation that no check provokes fails, so the list in docs is neither too short
nor too long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from trackbridge.protocol import Deviation

__all__ = ["SITUATIONS", "covering", "unknown"]

SITUATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alias": "an alias of a model version",
        "approval": "the approval of a model version",
        "artifact-path": "an artifact whose path the vendor does not take",
        "dataset": "a dataset on the vendor's own screen",
        "dataset-context": "one dataset used in two contexts",
        "dataset-digest": "a digest of 64 hex digits",
        "denormal": "a denormal metric value",
        "epoch-zero": "a run that began in 1970, at 0 ms",
        "far-future": "a run that ended in the year 9999",
        "fork": "two trail entries for one place",
        "inf": "an infinite metric value",
        "killed": "the status KILLED",
        "long-param": "a param of 64 KiB",
        "long-tag": "a tag of 64 KiB",
        "metric-name": "a metric whose name the vendor does not take",
        "nan": "a metric value that is not a number",
        "negative-zero": "the metric value −0.0",
        "nul": "U+0000 in a text",
        "param-name": "a param whose name the vendor does not take",
        "parent": "the parent of a run",
        "run-name": "a run without a name, or with an odd one",
        "second-point": "two points of a series at one step",
        "stage": "the stage of a model version",
        "step": "a step at the ends of int64",
        "tag-name": "a tag whose name the vendor does not take",
        "timestamp": "a point in 1970, or in the year 9999",
    }
)


def covering(situation: str, declared: Iterable[Deviation]) -> tuple[str, ...]:
    """Give the names of the declared deviations that answer for a situation."""
    if situation not in SITUATIONS:
        raise KeyError(situation)
    return tuple(one.name for one in declared if _situation(one.name) in {situation, *_wider(situation)})


def _situation(name: str) -> str | None:
    """Give the longest situation that a deviation's name begins with."""
    fitting = [known for known in SITUATIONS if name == known or name.startswith(f"{known}-")]
    return max(fitting, key=len, default=None)


def _wider(situation: str) -> tuple[str, ...]:
    """Give the situations that are part of this one: who shows no dataset shows no digest of one."""
    return tuple(known for known in SITUATIONS if situation.startswith(f"{known}-"))


def unknown(declared: Iterable[Deviation]) -> tuple[str, ...]:
    """Give the names of declared deviations that no situation could ever provoke."""
    declared = tuple(declared)
    answered = {name for situation in SITUATIONS for name in covering(situation, declared)}
    return tuple(one.name for one in declared if one.name not in answered)
