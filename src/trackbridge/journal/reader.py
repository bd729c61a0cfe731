"""The reader of a journal: while it is written, after its writer died, and from a copy."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from trackbridge.errors import Conflict, IntegrityError
from trackbridge.journal.decode import HeapRef, PointSlot
from trackbridge.journal.entries import Batch, Damage
from trackbridge.journal.files import entries_of
from trackbridge.journal.format import MOST_SLOTS, Counters
from trackbridge.journal.owner import OWNER_FILE, Identity, is_alive, read_identity
from trackbridge.journal.ranges import NO_SLOTS, Ranges
from trackbridge.journal.scan import Scan
from trackbridge.journal.segment import segment_name
from trackbridge.journal.stored import StoredSegment

__all__ = ["JournalReader", "discard", "find_journals"]

_PATIENCE_S: Final = 1.0  # what lies behind a slot in the making waits so long, so that order is kept (M3)


def _hold_anything(segments: list[tuple[int, StoredSegment]]) -> bool:
    return any(segment.holds_anything for _, segment in segments)


def find_journals(root: Path, run: str | None = None) -> Iterator[Path]:
    """Yield the directories of the journals under a journal root, of one run or of all; others may be deleted meanwhile."""
    for folder in entries_of(root) if run is None else (root / run,):
        yield from (writer for writer in entries_of(folder) if (writer / OWNER_FILE).exists())


def discard(directory: Path) -> None:
    """Delete a journal whose writer is gone; raise `Conflict` if it is not."""
    import shutil

    if is_alive(directory):
        raise Conflict(f"the journal in {directory} is still being written", remedy="Wait for its process to end.")
    (directory / OWNER_FILE).unlink(missing_ok=True)  # first: what is left by a death in between is no journal
    shutil.rmtree(directory, ignore_errors=True)
    with suppress(OSError):  # other writers of the run may have journals there
        directory.parent.rmdir()


class JournalReader:
    """Reads one journal for one or more consumers; takes no lock and never disturbs the writer.

    Raises:
        NotFound: there is no journal in `directory`.
        ConfigurationError: a later version wrote it.
        IntegrityError: its owner file is damaged.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.identity: Identity = read_identity(directory)
        self._open: dict[int, StoredSegment] = {}
        self._waited: dict[int, float] = {}  # slots taken and not yet written, and when they were first seen so

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all files."""
        while self._open:
            self._open.popitem()[1].close()

    def writer_alive(self) -> bool:
        """Tell whether the writer may still write."""
        return is_alive(self.directory)

    def ended_cleanly(self) -> bool:
        """Tell whether the writer closed the journal; else it died, or is still at it."""
        self._look()
        return any(held.refresh() and held.seal is not None and held.seal.final for held in self._open.values())

    def counters(self) -> Counters:
        """Give what the journal could not take so far."""
        self._look()
        found = [held.counters for held in self._open.values()]
        return Counters(
            max((counters.dropped_points for counters in found), default=0),
            max((counters.dropped_records for counters in found), default=0),
        )

    def last_time_ns(self) -> int | None:
        """Give the wall clock of the latest record that is still there, in UTC nanoseconds (R4)."""
        self._look()
        for _, segment in sorted(self._open.items(), reverse=True):
            times = [
                state.time_ns
                for region in segment.regions
                for *_, states in segment.blocks(*region)
                for state in states or ()
                if isinstance(state, HeapRef) or (isinstance(state, PointSlot) and state.stamped)
            ]
            if times:
                return max(times)
        return None

    def read(self, skip: Ranges = NO_SLOTS, *, limit: int = 10_000, limit_bytes: int = 16 << 20) -> Batch:
        """Give what was written and is not in `skip`, in slot order.

        Args:
            skip: What the consumer has: its cursor, and what it has under way.
            limit: The most entries of a batch.
            limit_bytes: The most bytes of payloads; one record may pass it.
        """
        alive = is_alive(self.directory)  # first: what a dead writer has not written by now it never will
        scan = Scan(limit, limit_bytes, self._wait)
        unreadable = self._look_for(skip)
        held = sorted(self._open.items())
        end = 0
        for place, (index, segment) in enumerate(held):
            if segment.header.first > end:
                self._lose(scan, skip, index, (end, segment.header.first), unreadable)
            end = segment.header.end
            if skip.covers(segment.header.first, end):
                continue
            if segment.refresh(alive=alive):
                scan.settled(segment, skip)
                if scan.stopped:
                    return scan.batch(finished=False)
                if differs := segment.check_sum():
                    scan.report(differs)
            elif not scan.live(segment, skip, partial(_hold_anything, held[place + 1 :])):
                return scan.batch(finished=False)
        beyond = [index for index in unreadable if index > max(self._open, default=-1)]
        if beyond and not alive:  # how many slots they had nobody knows; of a live journal the next segment will tell
            self._lose(scan, skip, max(beyond) + 1, (end, end + len(beyond) * MOST_SLOTS), unreadable)
        return scan.batch(finished=not alive)

    def reclaim(self, delivered: Iterable[Ranges]) -> int:
        """Delete the segments that no consumer needs any more; give the bytes set free.

        Args:
            delivered: The cursor of each consumer, as it lies on disk: none means that nobody holds anything back.
        """
        self._look()
        alive, freed, cursors = is_alive(self.directory), 0, list(delivered)
        for index, segment in list(self._open.items()):
            done = segment.refresh(alive=alive)
            if done and all(ranges.covers(segment.header.first, segment.header.end) for ranges in cursors):
                freed += segment.path.stat().st_blocks * 512
                segment.path.unlink(missing_ok=True)
                self._open.pop(index).close()
        return freed

    def _wait(self, slot: int) -> bool:
        """Tell whether a slot may still be written in a moment; a hole that an interrupt left never is."""
        now = time.monotonic()
        return now - self._waited.setdefault(slot, now) < _PATIENCE_S

    def _look(self) -> dict[int, Path]:
        """Open what is new, let go of what is gone; give the files whose header is damaged."""
        found = {
            int(path.stem): path
            for path in entries_of(self.directory)
            if path.suffix == ".seg" and path.stem.isdecimal()
        }
        for index in self._open.keys() - found.keys():
            if not self._open[index].path.exists():  # a directory that changes is not always listed whole
                self._open.pop(index).close()
        unreadable: dict[int, Path] = {}
        for index, path in found.items():
            self._open_one(index, path, unreadable)
        return unreadable

    def _look_for(self, skip: Ranges) -> dict[int, Path]:
        """Look, and ask by name for every segment in a gap of what was listed, unless all before it is delivered.

        A file that is renamed while its directory is listed may be missed, its successor seen: segments have their names
        in the order of their numbers, so that what is not there by its name will never be.
        """
        unreadable = self._look()
        end, after = 0, -1
        for index, segment in sorted(self._open.items()):
            if not skip.covers(end, segment.header.first):
                for between in range(after + 1, index):
                    self._open_one(between, self.directory / segment_name(between), unreadable)
            end, after = segment.header.end, index
        return unreadable

    def _open_one(self, index: int, path: Path, unreadable: dict[int, Path]) -> None:
        if index not in self._open:
            try:
                self._open[index] = StoredSegment(path)
            except IntegrityError:
                unreadable[index] = path
            except FileNotFoundError:
                return

    def _lose(self, scan: Scan, skip: Ranges, before: int, span: tuple[int, int], unreadable: dict[int, Path]) -> None:
        """Report the segments between one that can be read and segment `before`, where they are not delivered."""
        damaged = [path.name for index, path in sorted(unreadable.items()) if index < before]
        for first, end in skip.gaps(*span):
            if damaged:
                scan.lose(Damage("header", damaged[-1], first, end, "the header of the segment is damaged"))
            else:
                scan.lose(Damage("missing", f"before {before:08d}.seg", first, end, "the file is gone"))
