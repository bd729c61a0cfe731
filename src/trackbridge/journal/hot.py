"""The hot path: what a training loop pays for each point.

`log_metric` is a closure, so that all it needs is a cell away; it takes no lock and makes no system call. Three things
make it safe all the same:

- The segment in use is one tuple in one cell: a call sees the file, its slots and its names together or not at all.
- A slot is taken by a `for` over a range iterator. The interpreter lets other threads and signal handlers in at calls
  and at jumps back, and there is neither between taking a slot and the one call into C that writes it. (Through a
  file, where the write itself lets others in, an interrupt may leave a hole, and readers are ready for those.)
- A slot is written twice over by that call, the second copy being the check of the first.

Whatever is unusual (a new name, a full segment, a number that is not a float, a wrong type, a closed journal, a forked
child) falls through to the slow path, which checks everything and says what is wrong.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from trackbridge.journal.format import GIVEN_TIME, NO_STEP, VOID
from trackbridge.journal.segment import Put, Target
from trackbridge.records.metrics import MAX_STEP, MIN_STEP, check_step, check_value
from trackbridge.records.names import check_name
from trackbridge.records.times import check_ms

__all__ = ["NOTHING", "InUse", "Row", "SlowPath", "Swap", "checked_rows", "one_metric", "several_metrics"]


class InUse(NamedTuple):
    """The segment that points go to: where, which slots are left, and the names it knows."""

    target: Target | None
    slots: Iterator[int]
    ids: Mapping[str, int]


class Row(NamedTuple):
    """A point that passed all checks; `flags` go into its key, `time` is in s, or in ms where it was given."""

    name: str
    flags: int
    step: int
    time: float
    value: float


# Takes (name, value) pairs, a step and a timestamp of any kind; accepts what is right and refuses what is not.
SlowPath: TypeAlias = Callable[[Iterable[tuple[Any, Any]], Any, Any], None]
Swap: TypeAlias = Callable[[InUse], None]
NOTHING = InUse(None, iter(()), {})  # knows no name, so that every call takes the slow path


def one_metric(put: Put, slow: SlowPath) -> tuple[Callable[..., None], Swap]:
    """Make `log_metric` over `put`, which writes one slot; and what changes the segment it uses."""
    # A plain tuple: the interpreter unpacks it 20 ns faster than a named one.
    in_use = NOTHING.target, NOTHING.slots, NOTHING.ids
    no_step, now, error = NO_STEP, time.time, struct.error

    def log_metric(name: str, value: float, step: int | None = None, *, timestamp: Any = None) -> None:
        target, slots, ids = in_use
        try:
            if type(value) is float and timestamp is None:
                if type(step) is int:
                    key = ids[name]
                    when = now()
                    for at in slots:
                        put(target, at, at, key, step, when, value, key, step, when, value)
                        return None
                elif step is None:
                    key = ids[name] | no_step
                    when = now()
                    for at in slots:
                        put(target, at, at, key, 0, when, value, key, 0, when, value)
                        return None
        except error:  # the step is no int64; only `put` raises it, so that there is a slot
            put(target, at, at, VOID, 0, 0.0, 0.0, VOID, 0, 0.0, 0.0)  # type: ignore[possibly-undefined]
        except (KeyError, TypeError):  # a name not seen before in this segment, or none at all
            pass
        target = None  # an exception that somebody keeps must not keep the segment
        return slow(((name, value),), step, timestamp)

    def swap(segment: InUse) -> None:
        nonlocal in_use
        in_use = segment.target, segment.slots, segment.ids

    return log_metric, swap


def several_metrics(put: Put, slow: SlowPath) -> tuple[Callable[..., None], Swap]:
    """Make `log_metrics`, which writes all of its points or none; and what changes the segment it uses."""
    in_use, now = (NOTHING.target, NOTHING.slots, NOTHING.ids), time.time

    def log_metrics(metrics: Mapping[str, float], step: int | None = None, *, timestamp: Any = None) -> None:
        target, slots, ids = in_use
        try:
            rows = [(ids[name], value) for name, value in metrics.items() if type(value) is float]
        except (KeyError, TypeError):
            rows = []
        plain = timestamp is None and (step is None or (type(step) is int and MIN_STEP <= step <= MAX_STEP))
        if not plain or len(rows) != len(metrics):
            target = None  # as above
            return slow(metrics.items(), step, timestamp)
        flags, number = (NO_STEP, 0) if step is None else (0, step)
        when, written = now(), 0
        for (name, value), at in zip(rows, slots, strict=False):  # rows first: their end takes no slot
            key = name | flags
            put(target, at, at, key, number, when, value, key, number, when, value)
            written += 1
        if written < len(rows):  # the segment is full
            slow(islice(metrics.items(), written, None), step, timestamp)
        return None

    def swap(segment: InUse) -> None:
        nonlocal in_use
        in_use = segment.target, segment.slots, segment.ids

    return log_metrics, swap


def checked_rows(metrics: Iterable[tuple[Any, Any]], step: Any, timestamp: Any) -> list[Row]:
    """Check the arguments of a call, all of them, before any is written (M1, M6, P1).

    Raises:
        Rejected: one of them can never be right.
    """
    flags, when = (0, time.time()) if timestamp is None else (GIVEN_TIME, float(check_ms(timestamp, "timestamp")))
    rows = []
    for key, value in metrics:
        name = check_name(key, "metric")
        number = 0 if step is None else check_step(step, name)
        rows.append(Row(name, flags if step is not None else flags | NO_STEP, number, when, check_value(value, name)))
    return rows
