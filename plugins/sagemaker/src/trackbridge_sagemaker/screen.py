"""What AWS's own screens show of a run: a function of its record, and what is found there (X3).

A record says what a run is; the trial component mirrors it as far as its fields go. Reading compares the two: what a
colleague changed in AWS's fields wins. To tell that from a mirror in the making, a record keeps, while anybody is at
work on the mirror, every value that the screen may still show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from trackbridge.records.runs import RunStatus
from trackbridge.records.values import ParamValue, decode_value
from trackbridge_sagemaker.documents import Body
from trackbridge_sagemaker.names import (
    component_name,
    display_name,
    input_key,
    param_key,
    param_value,
    shown_text,
    tag_key,
    tag_value,
)

__all__ = ["DELETED", "SHOWN_TAGS", "Screen", "screen_of", "status_of"]

DELETED: Final = "trackbridge.deleted"
SHOWN_PARAMS: Final = 300  # of a component
SHOWN_TAGS: Final = 40  # of the 50 of a resource, some of which are a colleague's
SHOWN_INPUTS: Final = 50  # of 60

_NATIVE: Final[Mapping[RunStatus, str]] = {
    "RUNNING": "InProgress",
    "FINISHED": "Completed",
    "FAILED": "Failed",
    "KILLED": "Stopped",
}
_OURS: Final[Mapping[str, RunStatus]] = {"Completed": "FINISHED", "Failed": "FAILED", "Stopped": "KILLED"}


@dataclass(frozen=True, slots=True)
class Screen:
    """A trial component's fields, under AWS's names and in AWS's forms; times in UTC milliseconds."""

    name: str
    status: str
    ended_ms: int | None = None
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)

    def labels(self) -> dict[str, str]:
        """Give what a later write may change: by a key each, as the record's history names it."""
        return {"name": self.name, "status": self.status, **{f"tag {key}": value for key, value in self.tags.items()}}

    def without_outside(self, before: Screen, after: Screen, history: Mapping[str, list[str | None]]) -> Screen:
        """Give this screen, as it was found, so that bringing it to `after` changes nothing that a colleague set.

        Args:
            before: What the record said before the write that is to be shown.
            after: What it says now; what this write itself changed is shown in any case.
            history: What else the screen may show of ours.
        """
        found, old, new = self.labels(), before.labels(), after.labels()
        ours = {
            label
            for label in found.keys() | new.keys()
            if old.get(label) != new.get(label) or found.get(label) in history.get(label, (None,))
        }
        tags = {key: value for key, value in self.tags.items() if f"tag {key}" in ours}
        tags |= {key: value for key, value in after.tags.items() if f"tag {key}" not in ours}
        return replace(
            self,
            name=self.name if "name" in ours else after.name,
            status=self.status if "status" in ours else after.status,
            params={key: after.params.get(key, value) for key, value in self.params.items()},
            tags=tags,
        )


def screen_of(record: Body) -> Screen:
    """Give what the screen is to show of a record."""
    status, ended_ms = record["status"][1:3]
    tags = {
        tag_key(name): tag_value(value)
        for name, (value, _, n) in record["tags"].items()
        if value is not None and n < SHOWN_TAGS
    }
    if record["deleted"]:
        tags[DELETED] = "true"
    name = name_of(record)
    return Screen(
        name=component_name(record["id"]) if name is None else display_name(str(name)),
        status=_NATIVE[status],
        ended_ms=None if status == "RUNNING" else ended_ms,
        params={
            param_key(name): param_value(decode_value(pair))
            for name, (pair, n) in record["params"].items()
            if n < SHOWN_PARAMS
        },
        tags=tags,
        inputs=dict(_inputs(record)),
    )


def _inputs(record: Body) -> list[tuple[str, str]]:
    shown: dict[str, str] = {}
    for key, dataset in sorted(record["datasets"].items())[:SHOWN_INPUTS]:
        name = input_key(dataset["name"], dataset.get("context"), key)
        if name in shown:  # two uses in one context
            name = input_key(f"{dataset['name']} ", f"{dataset.get('context', '')} {key[:8]}", key)
        shown[name] = shown_text(dataset.get("uri") or dataset.get("digest") or dataset["name"], 2_048)
    return list(shown.items())


def name_of(record: Body) -> ParamValue:
    """Give the run's own name, None where it has none."""
    held = record["attributes"].get("name")
    return record["label"] if held is None else _value(held[0])


def status_of(primary: str | None) -> RunStatus:
    """Give our status for AWS's; InProgress and Stopping are RUNNING."""
    return _OURS.get(primary or "", "RUNNING")


def _value(pair: Any) -> ParamValue:
    return None if pair is None else decode_value(pair)
