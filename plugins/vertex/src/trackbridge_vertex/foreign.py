"""Runs that were made with the SDK: their contexts as cards, so that they are read like ours (R1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trackbridge.records.ids import foreign_run_id
from trackbridge.records.metrics import MetricPoint, summarize
from trackbridge.records.writes import Stamp
from trackbridge_vertex.address import Address
from trackbridge_vertex.card import DELETED, METRICS, PARAMS, STATE, TAGS, Attribute, Card, Summary
from trackbridge_vertex.contexts import id_of, time_ms
from trackbridge_vertex.structs import Plain
from trackbridge_vertex.values import read_param

__all__ = ["experiment_of", "foreign_card", "foreign_id", "summary_points"]

_OWN: Final = frozenset({DELETED, METRICS, PARAMS, STATE, TAGS})
_NEVER: Final = Stamp(0, "", 0)  # older than anything that trackbridge writes


def foreign_id(address: Address, context_id: str) -> str:
    """Give trackbridge's id of a run that the SDK made: contexts are unique within project and location."""
    return foreign_run_id(context_id, account=f"{address.project}/{address.location}")


def foreign_card(address: Address, context: Any, metadata: Mapping[str, Plain]) -> Card:
    """Read the context of such a run; its metrics that are no series become summaries of one point."""
    context_id = id_of(context.name)
    name = context.display_name or None
    params = metadata.get(PARAMS)
    others = {key: value for key, value in metadata.items() if key not in _OWN}
    metrics = metadata.get(METRICS)
    if isinstance(metrics, dict):  # the SDK takes texts for metrics, too
        others |= {f"{METRICS}.{key}": value for key, value in metrics.items() if isinstance(value, str)}
    attributes = {key: Attribute(read_param(value, None), _NEVER) for key, value in others.items() if value is not None}
    if name is not None:
        attributes["name"] = Attribute(name, _NEVER)
    if context.description:
        attributes["notes"] = Attribute(context.description, _NEVER)
    card = Card(
        run_id=foreign_id(address, context_id),
        experiment=experiment_of(context),
        started_ms=time_ms(context.create_time),
        name=name,
        foreign=True,
        state=str(metadata.get(STATE) or "RUNNING"),
        params={key: read_param(value, None) for key, value in params.items()} if isinstance(params, dict) else {},
        attributes=attributes,
    )
    for point in summary_points(context, metadata):
        summary = summarize([point])
        if summary is not None:
            card.metrics[point.name] = Summary(summary, counted=True)
    return card


def summary_points(context: Any, metadata: Mapping[str, Plain]) -> list[MetricPoint]:
    """Give what `log_metrics` of the SDK has set, which has neither step nor time: at step 0, when the run began."""
    found = metadata.get(METRICS)
    began_ms = time_ms(context.create_time)
    return [
        MetricPoint(name, 0, began_ms, value)
        for name, value in (found.items() if isinstance(found, dict) else ())
        if isinstance(value, float)
    ]


def experiment_of(context: Any) -> str:
    """Give the id of the experiment that the SDK put a run in: it begins the run's own id."""
    own = id_of(context.name)
    parents = [id_of(parent) for parent in context.parent_contexts]
    fitting = [parent for parent in parents if own.startswith(f"{parent}-")]
    return max(fitting, key=len, default=parents[0] if parents else "")
