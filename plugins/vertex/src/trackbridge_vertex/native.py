"""A context and its card as the core knows runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trackbridge.protocol import NativeMetric, NativeRun
from trackbridge.records.metrics import MetricSummary
from trackbridge.records.values import ParamValue
from trackbridge_vertex.card import Card, Summary, state_of, status_of
from trackbridge_vertex.changes import NAME, NOTES
from trackbridge_vertex.contexts import id_of, time_ms
from trackbridge_vertex.names import shown_name

__all__ = ["native_run"]


def native_run(
    context: Any,
    card: Card,
    *,
    experiment: str,
    urls: tuple[str, ...],
    sidecar: Iterable[str],
    series: Iterable[str],
) -> NativeRun:
    """Read a run.

    Args:
        context: Its context.
        card: Its card.
        experiment: The name of its experiment.
        urls: Pages that show it.
        sidecar: The names of its sidecar objects.
        series: The series of a foreign run, of which no more is known.
    """
    status = status_of(card.state)
    written = card.status
    ended_ms = time_ms(context.update_time) if status != "RUNNING" else None
    if written is not None and state_of(written.status) == card.state:
        ended_ms = written.ended_ms
    return NativeRun(
        id=card.run_id,
        native_id=id_of(context.name),
        experiment=experiment,
        name=_name(context, card),
        status=status,
        started_ms=card.started_ms,
        ended_ms=ended_ms,
        parent=card.parent,
        epoch=_epoch(card),
        params=card.params,
        tags=card.tags,
        metrics={
            **{name: _metric(summary) for name, summary in card.metrics.items()},
            **dict.fromkeys(series, NativeMetric()),
        },
        attributes=_attributes(context, card),
        datasets=tuple(dataset for _, dataset in sorted(card.datasets.items())),
        urls=urls,
        deleted=card.deleted,
        sidecar=dict.fromkeys(sidecar),
    )


def _epoch(card: Card) -> int:
    return max([card.status.epoch if card.status else 0, *(int(epoch) for epoch in card.epochs)])


def _name(context: Any, card: Card) -> str | None:
    """Give a run's name: the one that was written, unless its display name was changed since."""
    written = card.attributes.get(NAME)
    name = card.name if written is None else _text(written.value)
    if context.display_name == shown_name(name, card.run_id):
        return name
    return context.display_name or None


def _attributes(context: Any, card: Card) -> dict[str, ParamValue]:
    attributes: dict[str, ParamValue] = {
        name: one.value for name, one in card.attributes.items() if one.value is not None and name != NAME
    }
    if context.description != (_text(attributes.get(NOTES)) or ""):
        attributes[NOTES] = context.description
        if not context.description:
            del attributes[NOTES]
    return attributes


def _text(value: ParamValue) -> str | None:
    return None if value is None else str(value)


def _metric(summary: Summary) -> MetricSummary | NativeMetric:
    one = summary.metric
    if summary.counted:
        return one
    return NativeMetric(one.last, one.last_step, one.last_timestamp_ms, one.min, one.max)
