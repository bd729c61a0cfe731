"""What lies in journals and where it is still to go, read from the disk alone: for people who ask."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from trackbridge.errors import TrackbridgeError
from trackbridge.journal import OWNER_FILE, JournalReader, cursor_path, find_journals, first_logged_ns, load_cursor
from trackbridge.shipping.channel import consumer
from trackbridge.shipping.delivery import Delivery
from trackbridge.shipping.progress import Progress
from trackbridge.shipping.root import roots_in
from trackbridge.shipping.waybill import Waybill

__all__ = ["JournalState", "journals_in", "survey"]


@dataclass(frozen=True, slots=True)
class JournalState:
    """One journal.

    Attributes:
        directory: Where it lies.
        run: The run's id.
        writer: The writer's id.
        alive: Whether it is still written to.
        deliveries: How delivery to each backend stands, by its cursor on the disk.
        error: Why it cannot be read.
    """

    directory: Path
    run: str
    writer: str
    alive: bool
    deliveries: tuple[Delivery, ...] = ()
    error: str | None = None


def journals_in(path: Path) -> list[Path]:
    """Give the journals of a journal root, of the folder of a run, or the one that `path` itself is."""
    if (path / OWNER_FILE).exists():
        return [path]
    own = list(find_journals(path.parent, path.name))
    return own or [directory for root in roots_in(path) for directory in find_journals(root)]


def survey(path: Path) -> Iterator[JournalState]:
    """Say of each journal in `path` what is still to be delivered."""
    for directory in journals_in(path):
        try:
            with JournalReader(directory) as reader:
                waybill = Waybill.of(reader.identity)
                deliveries = tuple(
                    replace(_stands(reader, place), backend=each.name, required=each.required)
                    for place, each in enumerate(waybill.destinations)
                )
                alive = reader.writer_alive()
        except TrackbridgeError as error:
            yield JournalState(directory, directory.parent.name, directory.name, alive=False, error=str(error))
            continue
        yield JournalState(directory, directory.parent.name, directory.name, alive, deliveries)


def _stands(reader: JournalReader, place: int) -> Delivery:
    cursor = load_cursor(cursor_path(reader.directory, consumer(place)))
    seen, queued = cursor.delivered, 0
    oldest_ns: int | None = None
    more = True
    while more:
        batch = reader.read(seen)
        oldest_ns = oldest_ns or first_logged_ns(batch.entries)
        queued += len(batch.entries)
        seen |= batch.covered
        more = batch.more
    counts = Progress.decode(cursor.state).counts if cursor.state else None
    counters = reader.counters()
    return Delivery(
        "",
        required=True,
        queued=queued,
        delivered=counts.delivered if counts else 0,
        retried=counts.retried if counts else 0,
        rejected=counts.rejected if counts else 0,
        dropped=counters.dropped_points + counters.dropped_records,
        oldest_s=max(0.0, (time.time_ns() - oldest_ns) / 1e9) if oldest_ns else None,
    )
