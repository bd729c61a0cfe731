"""Search: the backend narrows what it can be trusted with, the core finishes (S4, S5)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from trackbridge.errors import Rejected
from trackbridge.protocol import Scan
from trackbridge.query import Expression, OrderKey, matcher, narrowing, order_key, parse, parse_order
from trackbridge.query.fields import fields_of
from trackbridge.records.names import shown
from trackbridge.store.pushdown import holds_all
from trackbridge.store.reading import Reader, Reading

__all__ = ["Query", "make_query", "search"]

_KEPT_READINGS: Final = 1_000
_RUNS_PER_FETCH: Final = 200


@dataclass(frozen=True, slots=True)
class Query:
    """A search, checked: `order` is total, `limit` the most runs to give, `deleted` asks for deleted ones alone."""

    where: Expression | None = None
    order: tuple[OrderKey, ...] = ()
    experiments: tuple[str, ...] | None = None
    limit: int | None = None
    deleted: bool = False

    def needed_parts(self) -> dict[str, set[str]]:
        """Give the parts of metrics' summaries that matching and sorting ask for, by the metric's name."""
        fields = [*(fields_of(self.where) if self.where else ()), *(key.field for key in self.order)]
        needed: dict[str, set[str]] = {}
        for field in fields:
            if field.family == "metrics":
                needed.setdefault(field.name, set()).add(field.part)
        return needed


def make_query(
    where: str | None,
    experiments: Sequence[str] | None,
    order_by: Sequence[str] | None,
    limit: int | None,
    *,
    deleted: bool = False,
) -> Query:
    """Check the arguments of a search; raise `Rejected` at the call, with the position of what is wrong."""
    if isinstance(experiments, str):
        raise Rejected(
            f"experiments is a list of names, not the string {shown(experiments)}",
            clause="S4",
            remedy=f"Write [{experiments!r}].",
        )
    for name in experiments or ():
        if not isinstance(name, str):
            raise Rejected(f"{shown(name)} is no experiment's name", clause="S4", remedy="Give names.")
    if limit is not None and (type(limit) is not int or limit < 0):
        raise Rejected(f"{shown(limit)} is no limit", clause="S4", remedy="Give an int from 0, or None for all.")
    return Query(
        where=None if where is None else parse(where),
        order=parse_order([] if order_by is None else order_by),
        experiments=None if experiments is None else tuple(experiments),
        limit=limit,
        deleted=deleted,
    )


def search(reader: Reader, query: Query) -> Iterator[Reading]:
    """Give the runs that match, in order, however many they are."""
    limits = reader.backend.limits
    where = None
    if query.where is not None:
        where = narrowing(query.where, lambda comparison: holds_all(comparison.field, limits))
    scan = Scan(where, query.experiments, query.order, "only" if query.deleted else "exclude")
    if where == query.where and limits.ordered_scan and all(holds_all(key.field, limits) for key in query.order):
        runs = islice(reader.adapter.runs.scan(scan), query.limit)
        return (reader.read(native) for native in runs)
    return _finish(reader, query, scan)


def _finish(reader: Reader, query: Query, scan: Scan) -> Iterator[Reading]:
    """Match and sort here; of many runs only keys and ids are held, and the runs are fetched again when it is their turn."""
    kept: dict[str, Reading] = {}
    found = _candidates(reader, query, scan, kept)
    ranked = iter(sorted(found) if query.limit is None else heapq.nsmallest(query.limit, found))
    while batch := [run_id for _, run_id in islice(ranked, _RUNS_PER_FETCH)]:
        missing = [run_id for run_id in batch if run_id not in kept]
        fetched = reader.adapter.runs.get(missing) if missing else {}
        for run_id in batch:
            reading = kept.pop(run_id, None)
            native = fetched.get(run_id)
            if reading is not None:
                yield reading
            elif native is not None and native.deleted == query.deleted:
                yield reader.read(native)


def _candidates(
    reader: Reader, query: Query, scan: Scan, kept: dict[str, Reading]
) -> Iterator[tuple[tuple[Any, ...], str]]:
    fits = None if query.where is None else matcher(query.where)
    key_of, needed = order_key(query.order), query.needed_parts()
    for native in reader.adapter.runs.scan(scan):
        reading = reader.read(native)
        run = reader.sketch(reading, needed)
        if fits is None or fits(run):
            if len(kept) < _KEPT_READINGS:
                kept[run.id] = reading
            yield key_of(run), run.id
