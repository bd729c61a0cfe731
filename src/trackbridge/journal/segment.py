"""One segment as its writer holds it."""

from __future__ import annotations

import contextlib
import errno
import os
import time
import weakref
import zlib
from collections.abc import Callable, Iterator
from mmap import mmap
from operator import length_hint
from pathlib import Path
from typing import Any, Final, TypeAlias

from trackbridge.journal.files import allocate, prefault, read_at, write_at
from trackbridge.journal.format import (
    COUNTERS_AT,
    HEADER_BYTES,
    HEAP_ENTRY,
    IS_RECORD,
    LAST_WORD_BYTES,
    LAST_WORDS,
    NAME_KIND,
    POINT,
    RECORD,
    SEAL_AT,
    SLOT_BYTES,
    VOID,
    Counters,
    HeapEntry,
    SegmentHeader,
    SegmentSeal,
)

__all__ = [
    "MARGIN_BYTES",
    "Descriptor",
    "Put",
    "Segment",
    "Target",
    "plain_put",
    "put_mapped",
    "segment_name",
    "segment_sums",
]

MARGIN_BYTES: Final = 32 * 1024  # of heap allocated with the slots, for names and small records
_READ_BYTES: Final = 1 << 20


class Descriptor:
    """An open file that closes when the last thread that may still write through it lets go."""

    __slots__ = ("__weakref__", "fd")

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


Target: TypeAlias = memoryview | Descriptor
Put: TypeAlias = Callable[..., None]

put_mapped: Final = POINT.pack_into


def plain_put(lost: Callable[[OSError], None]) -> Put:
    """Make the twin of `put_mapped` that writes through the file; `lost` is told of each slot the disk did not take."""
    pack, pwrite = POINT.pack, os.pwrite

    def put(target: Descriptor, at: int, *fields: Any) -> None:
        try:
            if pwrite(target.fd, pack(*fields), at) != SLOT_BYTES:
                lost(OSError(errno.EIO, "a slot was written in part"))
        except OSError as cause:
            lost(cause)

    return put


def segment_name(index: int) -> str:
    """Give the file name of a segment."""
    return f"{index:08d}.seg"


class Segment:
    """A segment that slots and heap entries are written to.

    `slots` yields the file offset of each slot once, in order, and ends when the segment is full: taking one is atomic
    under the GIL. `ids` maps the names interned in this segment to their ids. `target` is what `put` writes to.
    """

    def __init__(self, directory: Path, header: SegmentHeader) -> None:
        """Create the file with all its space; raise `OSError` where that cannot be."""
        self.header = header
        self.path = directory / segment_name(header.index)
        self.ids: dict[str, int] = {}
        self.slots: Iterator[int] = iter(range(HEADER_BYTES, header.slots_end - LAST_WORDS * SLOT_BYTES, SLOT_BYTES))
        self.heap_end = header.heap_start
        self._last_words = iter(range(header.slots_end - LAST_WORDS * SLOT_BYTES, header.slots_end, SLOT_BYTES))
        self._unused: int | None = None
        self._interned = 0
        draft = self.path.with_suffix(".new")
        fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._file: Descriptor | None = Descriptor(fd)
        try:
            self._map: mmap | None = None
            self.target: Target | None = self._space(fd)
            draft.replace(self.path)  # named only now: a reader never sees half a header
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
        self._writers = weakref.ref(self.target)

    def _space(self, fd: int) -> Target:
        # As few system calls as can be: after each the helper thread waits for the GIL, up to 5 ms if others are busy.
        header = self.header
        encoded = header.encode()
        if not header.mapped:
            os.ftruncate(fd, header.heap_start)
            allocate(fd, 0, HEADER_BYTES)  # for counters and seal
            allocate(fd, header.slots_end - LAST_WORDS * SLOT_BYTES, header.heap_start)
            write_at(fd, encoded, 0)
            return Descriptor(os.dup(fd))
        allocate(fd, 0, header.heap_start + MARGIN_BYTES)
        self._map = mmap(fd, header.slots_end)
        prefault(self._map)
        self._map[: len(encoded)] = encoded
        return memoryview(self._map)

    @property
    def quiet(self) -> bool:
        """Whether no thread can still be writing a slot, `release` having been called."""
        return self._writers() is None

    @property
    def heap_bytes(self) -> int:
        """The size of the heap."""
        return self.heap_end - self.header.heap_start

    def taken(self) -> int:
        """Count the slots that were taken, last words apart."""
        left = length_hint(self.slots) if self._unused is None else self._unused
        return self.header.capacity - LAST_WORDS - left

    def exhaust(self) -> None:
        """Take all slots that are left, so that nobody else can; the segment is full from here on."""
        left = len(list(self.slots))  # one call into C: no other thread comes between
        if self._unused is None:
            self._unused = left

    def intern(self, name: str) -> int:
        """Give a new name its id; raise `OSError` where there is no room."""
        self._interned += 1  # first: an interrupt below may waste an id, never give one to two names
        key = self._interned
        self._append(NAME_KIND, key.to_bytes(4, "little") + name.encode(), time.time())
        self.ids[name] = key  # only now may a point refer to it
        return key

    def record(self, kind: int, payload: bytes, time_s: float) -> bool:
        """Write a record; False if no slot is left. Raise `OSError` where there is no room."""
        for at in self.slots:
            try:
                offset = self._append(kind, payload, time_s)
            except BaseException:
                self.void(at)
                raise
            self._put_record(at, kind, offset, time_s, len(payload))
            return True
        return False

    def last_word(self, kind: int, payload: bytes, time_s: float) -> bool:
        """Write a record to the room kept for essential ones; False if it does not fit."""
        if HEAP_ENTRY.size + len(payload) > LAST_WORD_BYTES:
            return False
        for at in self._last_words:
            number = LAST_WORDS - (self.header.slots_end - at) // SLOT_BYTES
            offset = self.header.slots_end + number * LAST_WORD_BYTES
            write_at(self._descriptor, HeapEntry.wrap(kind, payload, time_s), offset)
            self._put_record(at, kind, offset, time_s, len(payload))
            return True
        return False

    def void(self, at: int) -> None:
        """Give up a slot that was taken and will not be written, so that no reader waits for it."""
        self._put(POINT.pack(at, VOID, 0, 0.0, 0.0, VOID, 0, 0.0, 0.0), at)

    def count(self, counters: Counters) -> None:
        """Leave word of what the journal could not take."""
        self._put(counters.encode(), COUNTERS_AT)

    def sync(self) -> None:
        """Bring everything written so far to the disk itself (`durability = "machine"`)."""
        getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def release(self) -> None:
        """Let go of `target`: once the calls under way have ended, the segment is quiet."""
        self.target = None

    def seal(self, *, final: bool) -> None:
        """Say that nobody writes to the segment any more, with the sums of what it holds."""
        self.exhaust()
        used, last_words = self.taken(), LAST_WORDS - length_hint(self._last_words)
        slots_sum, heap_sum = segment_sums(
            self._descriptor, self.header, used, last_words, self.heap_end, mapped=self._map
        )
        seal = SegmentSeal(used, last_words, self.heap_end, slots_sum, heap_sum, final)
        self._put(seal.encode(), SEAL_AT)

    def close(self) -> None:
        """Let go of the file."""
        self.release()
        self._map = self._file = None

    @property
    def _descriptor(self) -> int:
        assert self._file is not None
        return self._file.fd

    def _append(self, kind: int, payload: bytes, time_s: float) -> int:
        offset = self.heap_end
        entry = HeapEntry.wrap(kind, payload, time_s)
        write_at(self._descriptor, entry, offset)
        self.heap_end = offset + len(entry)
        return offset

    def _put_record(self, at: int, kind: int, offset: int, time_s: float, length: int) -> None:
        fields = (kind | IS_RECORD, offset, time_s, length)
        self._put(RECORD.pack(at, *fields, *fields), at)

    def _put(self, data: bytes, offset: int) -> None:
        if self._map is not None:
            self._map[offset : offset + len(data)] = data
        else:
            write_at(self._descriptor, data, offset)


def segment_sums(
    descriptor: int, header: SegmentHeader, used: int, last_words: int, heap_end: int, *, mapped: mmap | None = None
) -> tuple[int, int]:
    """Give the two sums of a seal: crc32 of the slots taken, and of the heap; from the mapping, where there is one."""
    reserved = header.slots_end - LAST_WORDS * SLOT_BYTES
    slots = 0
    for start, count in ((HEADER_BYTES, used), (reserved, last_words)):
        stop = start + count * SLOT_BYTES
        if mapped is None:
            slots = _sum(descriptor, start, stop, slots)
        else:
            with memoryview(mapped) as whole, whole[start:stop] as part:
                slots = zlib.crc32(part, slots)
    return slots, _sum(descriptor, header.slots_end, heap_end)


def _sum(descriptor: int, start: int, stop: int, crc: int = 0) -> int:
    # Piece by piece: both the reading and the sum release the GIL.
    while start < stop and (piece := read_at(descriptor, min(_READ_BYTES, stop - start), start)):
        crc = zlib.crc32(piece, crc)
        start += len(piece)
    return crc
