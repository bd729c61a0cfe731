"""What a write does to a run's card: pure, and the same when made again (P3, T1, R5, M4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from trackbridge.protocol import Refused
from trackbridge.records.metrics import MetricPoint, summarize
from trackbridge.records.values import same_value
from trackbridge.records.writes import RunWrites
from trackbridge.sidecar import native_text
from trackbridge_vertex.card import Attribute, Card, Summary, state_of

__all__ = ["NAME", "NOTES", "add_points", "apply", "claim"]

NAME, NOTES = "name", "notes"

_SHOWN_CHARS = 80


def apply(card: Card, writes: RunWrites) -> tuple[Refused, ...]:
    """Apply a batch to a card; give the params that have another value already."""
    refused = []
    for name, value in writes.params.items():
        held = card.params.setdefault(name, value)
        if not same_value(held, value):
            reason = f"it already has the value {native_text(held)[:_SHOWN_CHARS]!r}"
            refused.append(Refused("param", name, reason, "P3"))
    for tag in writes.tags:
        if tag.name in card.stamps and tag.stamp <= card.stamps[tag.name]:
            continue
        card.stamps[tag.name] = tag.stamp
        if tag.value is None:
            card.tags.pop(tag.name, None)
        else:
            card.tags[tag.name] = tag.value
    for write in writes.attributes:
        if write.name not in card.attributes or write.stamp > card.attributes[write.name].stamp:
            card.attributes[write.name] = Attribute(write.value, write.stamp)
    for dataset in writes.datasets:
        card.datasets.setdefault(dataset.key, dataset)
    if writes.status and (card.status is None or writes.status.key > card.status.key):
        card.status = writes.status
        card.state = state_of(writes.status.status)
    return tuple(refused)


def claim(card: Card, epoch: int, nonce: str) -> bool:
    """Claim an owner epoch if nobody has; the same nonce has it already."""
    return card.epochs.setdefault(str(epoch), nonce) == nonce


def add_points(card: Card, points: Sequence[MetricPoint]) -> None:
    """Add points that are in their series to the summaries.

    Of points that follow the last one all are new. Others may have been there, so that the count is not sure any more.
    """
    series: defaultdict[str, list[MetricPoint]] = defaultdict(list)
    for point in points:
        series[point[0]].append(point)  # by index: a name costs as much as the rest
    for name, own in series.items():
        before = card.metrics.get(name)
        steps = {point[1] for point in own}
        fresh = before is None or min(steps) > before.metric.last_step
        added = summarize(own)
        if added is None:
            continue
        if before is None:
            card.metrics[name] = Summary(added, counted=len(steps) == len(own))
            continue
        merged = before.metric.merged(added)
        sure = before.counted and fresh and len(steps) == len(own)
        card.metrics[name] = Summary(merged if sure else replace(merged, count=0), counted=sure)
