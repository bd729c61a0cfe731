"""What a run's context says of it: the fields that the SDK knows, and a JSON text with all that these cannot hold.

A run that was made with the SDK has no such text: see `trackbridge_vertex.foreign`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trackbridge.errors import IntegrityError
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.runs import RunStatus
from trackbridge.records.values import ParamValue, canonical_json, decode_value, encode_value
from trackbridge.records.writes import Stamp, StatusWrite
from trackbridge_vertex.structs import Plain
from trackbridge_vertex.values import mark_of, read_param, shown_param

__all__ = [
    "DELETED",
    "METRICS",
    "PARAMS",
    "STATE",
    "TAGS",
    "TEXT",
    "Attribute",
    "Card",
    "Summary",
    "state_of",
    "status_of",
]

PARAMS, METRICS, STATE = "_params", "_metrics", "_state"  # the SDK's: metadata/constants.py
TAGS, TEXT, DELETED = "_tags", "_trackbridge", "trackbridge_deleted"

_FORMAT: Final = 1
_STATES: Final[Mapping[RunStatus, str]] = {
    "RUNNING": "RUNNING",
    "FINISHED": "COMPLETE",
    "FAILED": "FAILED",
    "KILLED": "CANCELLED",
}
_STATUSES: Final[Mapping[str, RunStatus]] = {
    **{state: status for status, state in _STATES.items()},
    "CACHED": "FINISHED",
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute as it was last written; a deleted one keeps its stamp."""

    value: ParamValue
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Summary:
    """What a native series comes to; `counted` tells whether the count is sure."""

    metric: MetricSummary
    counted: bool


@dataclass(slots=True)
class Card:
    """One run: its own fields, and those of its context that show it.

    `params` and `tags` are as the context shows them now, so that what somebody changed there is what is read.
    `stamps` are of tags, deleted ones too. `state` is the SDK's.
    """

    run_id: str
    experiment: str
    started_ms: int
    parent: str | None = None
    name: str | None = None
    deleted: bool = False
    foreign: bool = False
    sidecar: bool = False
    state: str = "RUNNING"
    status: StatusWrite | None = None
    epochs: dict[str, str] = field(default_factory=dict)
    params: dict[str, ParamValue] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    datasets: dict[tuple[str, ...], DatasetRecord] = field(default_factory=dict)
    metrics: dict[str, Summary] = field(default_factory=dict)

    def text(self, *, whole: bool = False) -> str:
        """Give the JSON text; with `whole` it holds the params and tags too."""
        status = self.status
        fields: dict[str, Any] = {
            "v": _FORMAT,
            "id": self.run_id,
            "experiment": self.experiment,
            "started": self.started_ms,
            "parent": self.parent,
            "name": self.name,
            "deleted": self.deleted,
            "foreign": self.foreign,
            "sidecar": self.sidecar,
            "status": status and [status.epoch, status.status, status.ended_ms, list(status.stamp)],
            "epochs": self.epochs,
            "types": {name: mark for name, value in self.params.items() if (mark := mark_of(value))},
            "stamps": {name: list(stamp) for name, stamp in self.stamps.items()},
            "attributes": {
                name: [encode_value(one.value), list(one.stamp)] for name, one in self.attributes.items()
            },
            "datasets": [dataset.as_json() for _, dataset in sorted(self.datasets.items())],
            "metrics": {name: _packed(one) for name, one in self.metrics.items()},
        }  # fmt: skip
        if whole:
            fields["params"] = {name: shown_param(value) for name, value in self.params.items()}
            fields["tags"] = self.tags
        return canonical_json(
            {name: value for name, value in fields.items() if value or (value == 0 and value is not False)}
        )

    def shown(self) -> dict[str, Plain]:
        """Give the metadata that the SDK and the console show, without the text."""
        return {
            PARAMS: {name: shown_param(value) for name, value in self.params.items()},
            METRICS: {name: shown_param(one.metric.last) for name, one in self.metrics.items()},
            STATE: self.state,
            TAGS: self.tags,
            DELETED: self.deleted,
        }


def read_card(text: str, metadata: Mapping[str, Plain]) -> Card:
    """Read a run from its text and the metadata beside it.

    Raises:
        IntegrityError: the text is none of ours, or of a later format.
    """
    try:
        fields = json.loads(text)
        if fields["v"] != _FORMAT:
            raise IntegrityError(
                f"a run's record has the format {fields['v']}", clause="X3", remedy="Upgrade trackbridge."
            )
        return _read(fields, metadata)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(f"a run's record cannot be read: {error!r}", clause="X3") from error


def _read(fields: dict[str, Any], metadata: Mapping[str, Plain]) -> Card:
    marks, status = fields.get("types", {}), fields.get("status")
    shown = {**fields.get("params", {}), **_mapping(metadata.get(PARAMS))}
    datasets = [DatasetRecord(**one) for one in fields.get("datasets", ())]
    return Card(
        run_id=fields["id"],
        experiment=fields["experiment"],
        started_ms=fields["started"],
        parent=fields.get("parent"),
        name=fields.get("name"),
        deleted=fields.get("deleted", False),
        foreign=fields.get("foreign", False),
        sidecar=fields.get("sidecar", False),
        state=str(metadata.get(STATE) or "RUNNING"),
        status=status and StatusWrite(status[0], status[1], status[2], Stamp(*status[3])),
        epochs=fields.get("epochs", {}),
        params={name: read_param(value, marks.get(name)) for name, value in shown.items()},
        tags={
            name: str(value) for name, value in {**fields.get("tags", {}), **_mapping(metadata.get(TAGS))}.items()
        },
        stamps={name: Stamp(*stamp) for name, stamp in fields.get("stamps", {}).items()},
        attributes={
            name: Attribute(decode_value(value), Stamp(*stamp))
            for name, (value, stamp) in fields.get("attributes", {}).items()
        },
        datasets={dataset.key: dataset for dataset in datasets},
        metrics={name: _unpacked(parts) for name, parts in fields.get("metrics", {}).items()},
    )  # fmt: skip


def state_of(status: RunStatus) -> str:
    """Give the SDK's state of a run: the name of an Execution.State."""
    return _STATES[status]


def status_of(state: str) -> RunStatus:
    """Give the status of a state; one that has not ended is RUNNING."""
    return _STATUSES.get(state, "RUNNING")


def _mapping(value: Plain) -> Mapping[str, Plain]:
    return value if isinstance(value, dict) else {}


def _packed(summary: Summary) -> list[Any]:
    one = summary.metric
    numbers = [repr(value) for value in (one.last, one.min, one.max)]
    return [*numbers, one.last_step, one.last_timestamp_ms, one.count if summary.counted else None]


def _unpacked(parts: list[Any]) -> Summary:
    last, least, greatest = (float(text) for text in parts[:3])
    step, time_ms, count = parts[3:]
    return Summary(MetricSummary(last, step, time_ms, least, greatest, count or 0), count is not None)
