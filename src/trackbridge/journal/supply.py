"""Segments made ready before they are needed, and looked after when they are full: off the hot path."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from trackbridge.errors import TrackbridgeError
from trackbridge.journal.files import bytes_in_folders, bytes_used, mapping_is_safe, sync_directory
from trackbridge.journal.format import SegmentHeader
from trackbridge.journal.options import JournalOptions
from trackbridge.journal.segment import MARGIN_BYTES, Segment

__all__ = ["Shortage", "Supply"]

_BLOCK_BYTES: Final = 4096
_OWNER_BYTES: Final = _BLOCK_BYTES
_QUIET_POLL_S: Final = 0.05
_DISK_RETRY_S: Final = 1.0
_QUOTA_RETRY_S: Final = 0.05
_QUIET_AT_CLOSE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why there is no next segment: the journal's own bound, or with `error` the disk."""

    until: float  # on the monotonic clock: when to try again
    error: OSError | None = None

    @property
    def is_quota(self) -> bool:
        """Whether delivery alone can end it."""
        return self.error is None


class Supply:
    """Keeps one segment ready beyond the one in use; seals, syncs and closes those that are full.

    Args:
        directory: The journal's.
        run: The run's id.
        writer: The writer's id.
        options: How the journal is kept.
        restore: Called when the directory was deleted: makes it, and its owner file, again.
    """

    def __init__(
        self, directory: Path, run: str, writer: str, options: JournalOptions, restore: Callable[[], None]
    ) -> None:
        self.directory = directory
        self.mapped = mapping_is_safe(directory) if options.mode == "auto" else options.mode == "mapped"
        self.trouble: OSError | None = None  # why the last sync failed
        self._options = options
        self._restore = restore
        self._next = SegmentHeader(0, 0, options.slots_of(0), self.mapped, time.time(), run, writer)
        self._lock = threading.RLock()  # held while a segment is made: whoever needs it waits for that
        self._spare: Segment | None = None
        self._current: Segment | None = None
        self._passed: Segment | None = None  # the one before, while calls may still begin to use it
        self._full: list[Segment] = []
        self._shortage: Shortage | None = None
        # Bytes, at least those in use: looked up only when they might pass the bound.
        self._weighed = 0
        self._files = 0  # in folders
        self._wake: SimpleQueue[None] = SimpleQueue()  # in C: an interrupt in `put` leaves nobody waiting for ever
        self._stop = False
        self._thread = threading.Thread(target=self._work, name="trackbridge-journal", daemon=True)

    def start(self) -> Segment:
        """Make the first segment and start the helper; raise `OSError` where the disk refuses."""
        self.has_room(_OWNER_BYTES + self._size())
        self._current = self._make()
        with contextlib.suppress(RuntimeError):  # an interpreter that is ending starts no threads; `take` does it all
            self._thread.start()
        return self._current

    def take(self) -> Segment | Shortage:
        """Give the next segment, at once if it is ready, and see to the one before it."""
        with self._lock:
            if self._spare is None and not self._is_short():
                self._prepare()
            if self._spare is None:
                assert self._shortage is not None
                return self._shortage
            self._retire()
            self._passed = self._current
            self._current, self._spare = self._spare, None
            return self._current

    def passed(self) -> None:
        """Note that no new call uses the segment before the one that `take` gave."""
        with self._lock:
            self._retire()
        self._wake.put(None)

    def _retire(self) -> None:
        if self._passed is not None and self._passed not in self._full:
            self._full.append(self._passed)
        self._passed = None

    def has_room(self, size_bytes: int) -> bool:
        """Tell whether the journal may grow by so much within its bound, and count on it."""
        if not self._fits(size_bytes, 0) and self._weigh() and not self._fits(size_bytes, 0):
            return False
        self._weighed += size_bytes
        return True

    def has_room_for_file(self, size_bytes: int) -> bool:
        """Tell whether the caller may put a file of that size into a folder of the directory, and count on it.

        One that is too large for the bound may come alone.
        """
        if not self._fits(0, size_bytes) and self._weigh() and not self._fits(0, size_bytes):
            return False
        self._files += size_bytes
        return True

    def _fits(self, size_bytes: int, file_bytes: int) -> bool:
        most, files = self._options.most_files_bytes, self._files + file_bytes
        alone = not self._files or files <= most
        return (alone or not file_bytes) and self._weighed + size_bytes + min(files, most) <= self._options.max_bytes

    def _weigh(self) -> bool:
        """Look up what is in use; False where the directory is gone: making a segment restores it, or says why not."""
        with self._lock:  # a segment that is being made is counted on already
            try:
                self._weighed, self._files = bytes_used(self.directory), bytes_in_folders(self.directory)
            except OSError:
                return False
        return True

    def sync(self) -> None:
        """Bring everything written so far to the disk itself; raise `OSError` where that fails."""
        with self._lock:
            held = [*self._full, *(held for held in (self._passed, self._current) if held)]
        for segment in held:
            segment.sync()
        sync_directory(self.directory)

    def close(self) -> None:
        """Stop the helper; it seals what was used and deletes what was not."""
        self._stop = True
        self._wake.put(None)
        if self._thread.ident is None:
            self._finish_all()
        else:
            self._thread.join()

    def _finish_all(self) -> None:
        # In the helper, where no signal handler runs: an interrupt while a file is let go of would go unseen.
        with self._lock:
            if self._spare is not None:
                with contextlib.suppress(OSError):  # readers take it for what it is, an empty segment
                    self._spare.path.unlink(missing_ok=True)
                self._spare.close()
                self._spare = None
            self._retire()
            last, self._current = self._current, None
            if last is not None:
                self._full.append(last)
            deadline = time.monotonic() + _QUIET_AT_CLOSE_S
            for segment in self._full:
                self._finish(segment, deadline, final=segment is last)
            self._full.clear()

    def _work(self) -> None:
        due = time.monotonic() + self._options.sync_interval_s
        machine = self._options.durability == "machine"
        while not self._stop:
            with self._lock:
                if self._spare is None and not self._is_short():
                    self._prepare()
            waiting = self._seal_quiet()
            if machine and time.monotonic() >= due:
                self._try_sync()
                due = time.monotonic() + self._options.sync_interval_s
            pauses = [_QUIET_POLL_S] if waiting else []
            if machine:
                pauses.append(max(0.0, due - time.monotonic()))
            with contextlib.suppress(Empty):
                self._wake.get(timeout=min(pauses, default=None))
        self._finish_all()

    def _is_short(self) -> bool:
        return self._shortage is not None and time.monotonic() < self._shortage.until

    def _size(self) -> int:
        return (self._next.heap_start + MARGIN_BYTES + _BLOCK_BYTES - 1) // _BLOCK_BYTES * _BLOCK_BYTES

    def _prepare(self) -> None:
        if not self.has_room(self._size()):
            self._shortage = Shortage(time.monotonic() + _QUOTA_RETRY_S)
            return
        try:
            self._spare = self._make()
        except (OSError, TrackbridgeError) as error:
            cause = error if isinstance(error, OSError) else OSError(str(error))
            self._shortage = Shortage(time.monotonic() + _DISK_RETRY_S, cause)
        else:
            self._shortage = None

    def _make(self) -> Segment:
        header = replace(self._next, created_s=time.time())
        try:
            segment = Segment(self.directory, header)
        except FileNotFoundError:
            self._restore()
            segment = Segment(self.directory, header)
        if self._options.durability == "machine":
            sync_directory(self.directory)
        self._next = replace(
            header, index=header.index + 1, first=header.end, capacity=self._options.slots_of(header.index + 1)
        )
        return segment

    def _seal_quiet(self) -> bool:
        """Seal the full segments that no thread writes to any more; tell whether others are left."""
        with self._lock:
            full = list(self._full)
        for segment in full:
            segment.release()
            if segment.quiet:
                self._finish(segment, 0.0, final=False)
                with self._lock:
                    self._full.remove(segment)
        return len(self._full) > 0

    def _finish(self, segment: Segment, deadline: float, *, final: bool) -> None:
        segment.release()
        while not segment.quiet and time.monotonic() < deadline:
            time.sleep(0.001)
        try:
            segment.seal(final=final)
            if self._options.durability == "machine":
                segment.sync()
        except OSError:
            # The records lie where they lie; a reader takes an unsealed segment as it takes one of a dead writer.
            pass
        finally:
            segment.close()

    def _try_sync(self) -> None:
        try:
            self.sync()
        except OSError as error:
            self.trouble = error
        else:
            self.trouble = None

    def forget(self) -> None:
        """Let go of all segments, in a forked child: they are the parent's."""
        for segment in (*self._full, *(held for held in (self._spare, self._current, self._passed) if held)):
            segment.close()
        self._full, self._spare, self._current, self._passed = [], None, None, None
