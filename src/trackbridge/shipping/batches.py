"""Batches: what one adapter call is given, cut to the adapter's limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from trackbridge.protocol import Limits, Refused
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.log import LoggedParams, LogRecord
from trackbridge.records.values import ParamValue
from trackbridge.records.writes import AttributeWrite, RunWrites, StatusWrite, TagWrite

__all__ = ["Atom", "Batch", "atoms_of", "cut", "gather", "write_chunks"]

Atom: TypeAlias = tuple[str, ParamValue] | TagWrite | AttributeWrite | DatasetRecord | StatusWrite


@dataclass(slots=True)
class Batch:
    """Items of one kind for one call, which may be made again.

    Attributes:
        kind: "point", "write", "object", "sidecar" or "version".
        items: What is sent.
        send: Makes the call; gives what the backend refused of it.
        odd: How often it failed in a way that no adapter should fail.
    """

    kind: str
    items: Sequence[Any]
    send: Callable[[Sequence[Any]], Iterable[Refused]]
    odd: int = 0

    def halves(self) -> tuple[Batch, Batch]:
        """Cut it in two, to find the item that is rejected."""
        middle = len(self.items) // 2
        return (
            Batch(self.kind, self.items[:middle], self.send, self.odd),
            Batch(self.kind, self.items[middle:], self.send, self.odd),
        )


def cut(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut into pieces of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


def atoms_of(writes: RunWrites) -> list[Atom]:
    """Give a batch of changes one by one."""
    status = (writes.status,) if writes.status else ()
    return [*writes.params.items(), *writes.tags, *writes.attributes, *writes.datasets, *status]


def gather(atoms: Iterable[Atom]) -> RunWrites:
    """Put single changes together again."""
    params: dict[str, ParamValue] = {}
    tags: list[TagWrite] = []
    attributes: list[AttributeWrite] = []
    datasets: list[DatasetRecord] = []
    status: StatusWrite | None = None
    for atom in atoms:
        match atom:
            case TagWrite():
                tags.append(atom)
            case AttributeWrite():
                attributes.append(atom)
            case DatasetRecord():
                datasets.append(atom)
            case StatusWrite():
                status = atom
            case (name, value):
                params[name] = value
    return RunWrites(params, tuple(tags), tuple(attributes), tuple(datasets), status)


def write_chunks(records: Iterable[LogRecord], limits: Limits) -> Iterator[RunWrites]:
    """Give the changes among `records`, each as far as it still matters, in batches to the limits.

    Of two writes of a tag or an attribute only the greater stamp is sent: a reader would see no other. The status is
    left out, as it has to come after all else.
    """
    params: dict[str, ParamValue] = {}
    tags: dict[str, TagWrite] = {}
    attributes: dict[str, AttributeWrite] = {}
    datasets: dict[tuple[str, ...], DatasetRecord] = {}
    for record in records:
        match record:
            case LoggedParams():
                for name, value in record.params.items():
                    params.setdefault(name, value)
            case TagWrite():
                _keep_greatest(tags, record)
            case AttributeWrite():
                _keep_greatest(attributes, record)
            case DatasetRecord():
                datasets.setdefault(record.key, record)
    yield from map(gather, _packed([*params.items(), *tags.values(), *attributes.values(), *datasets.values()], limits))


def _packed(atoms: Iterable[Atom], limits: Limits) -> Iterator[list[Atom]]:
    """Fill each batch until the next atom would exceed one of the limits."""
    packed: list[Atom] = []
    params = labels = 0
    for atom in atoms:
        is_param, is_label = isinstance(atom, tuple), isinstance(atom, TagWrite | AttributeWrite)
        full = len(packed) >= limits.items_per_write
        if full or (is_param and params >= limits.params_per_write) or (is_label and labels >= limits.tags_per_write):
            yield packed
            packed, params, labels = [], 0, 0
        packed.append(atom)
        params += is_param
        labels += is_label
    if packed:
        yield packed


def _keep_greatest(held: dict[str, Any], write: TagWrite | AttributeWrite) -> None:
    if write.name not in held or write.stamp > held[write.name].stamp:
        held[write.name] = write
