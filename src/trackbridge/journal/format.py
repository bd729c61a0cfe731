"""The bytes of a journal, version 1: segment header, slots, heap entries, seal (docs/reference/journal-format.md).

Everything here is pure. Headers are little-endian; slots are in the byte order of the machine that wrote them, which
the header names, because converting them would be paid for on every point.
"""

from __future__ import annotations

import struct
import sys
import zlib
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from trackbridge.errors import ConfigurationError, IntegrityError

__all__ = [
    "COUNTERS_AT",
    "GIVEN_TIME",
    "HEADER_BYTES",
    "HEAP_ENTRY",
    "HEAP_MARK",
    "IS_RECORD",
    "LAST_WORDS",
    "LAST_WORD_BYTES",
    "MAX_KIND",
    "MOST_SLOTS",
    "NAME_KIND",
    "NO_STEP",
    "POINT",
    "RECORD",
    "SEAL_AT",
    "SEAL_BYTES",
    "SLOT_BYTES",
    "VALUE_MASK",
    "VERSION",
    "VOID",
    "Counters",
    "HeapEntry",
    "SegmentHeader",
    "SegmentSeal",
    "check_version",
]

VERSION: Final = 1
HEADER_BYTES: Final = 4096
SLOT_BYTES: Final = 64  # one cache line: a slot never straddles a page, let alone two
MOST_SLOTS: Final = 1 << 24  # of a segment
SEAL_AT: Final = 512
COUNTERS_AT: Final = 1024
LAST_WORDS: Final = 8  # slots of each segment that only essential records may take, when there is no next segment
LAST_WORD_BYTES: Final = 4096  # the allocated heap each of them has

# A slot is its own file offset, a key and three fields of 8 bytes, then 4 zeros, the key and the three fields again. The
# copy is the check: none that could be computed in Python is as cheap, and none is stronger against a torn store.
POINT: Final = struct.Struct("@IIqddxxxxIqdd")  # …, step, time, value
RECORD: Final = struct.Struct("@IIqdqxxxxIqdq")  # …, heap offset, time, length of the payload

VALUE_MASK: Final = (1 << 28) - 1  # of a key: the id of a name, or the kind of a record
NO_STEP: Final = 1 << 28  # the caller gave no step (M3)
GIVEN_TIME: Final = 1 << 29  # the time is the caller's, in ms; else ours, in s
IS_RECORD: Final = 1 << 30
VOID: Final = 1 << 31  # a slot given up by the call that took it

NAME_KIND: Final = 0  # of a heap entry: it interns a metric's name
MAX_KIND: Final = VALUE_MASK

_MAGIC: Final = b"\x89TBJ\r\n\x1a\n"
_SEAL_MAGIC: Final = b"SEAL"
HEAP_MARK: Final = b"HEAP"
_HEADER = struct.Struct("<8sHccIQQIIQd32s64s")
_SEAL = struct.Struct("<4sIQQIII")
_COUNTERS = struct.Struct("<QQ")
_CRC = struct.Struct("<I")
SEAL_BYTES: Final = _SEAL.size + _CRC.size

# Entries begin on 8 bytes, so that a walk can find the next one behind a damaged one.
HEAP_ENTRY: Final = struct.Struct("<4sIQdII")

ByteOrder: TypeAlias = Literal["<", ">"]
NATIVE: Final[ByteOrder] = "<" if sys.byteorder == "little" else ">"


def check_version(version: object, where: str) -> None:
    """Raise `ConfigurationError` unless this code can read journals of `version`."""
    if version != VERSION:
        raise ConfigurationError(
            f"{where} has the journal format {version!r}; this version of trackbridge reads {VERSION}",
            remedy="Upgrade trackbridge where the journal is delivered.",
        )


def _with_crc(body: bytes) -> bytes:
    return body + _CRC.pack(zlib.crc32(body))


def _checked(data: bytes, layout: struct.Struct) -> bytes | None:
    body, crc = data[: layout.size], data[layout.size : layout.size + _CRC.size]
    return body if len(crc) == _CRC.size and _CRC.unpack(crc)[0] == zlib.crc32(body) else None


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What a segment says of itself; each can be read without any other.

    Slots ``first`` to ``first + capacity - 1`` of the journal lie from `HEADER_BYTES` on; the heap follows at
    `heap_start`. `created_s` is the writer's wall clock.
    """

    index: int
    first: int
    capacity: int
    mapped: bool
    created_s: float
    run: str
    writer: str
    order: ByteOrder = NATIVE

    @property
    def end(self) -> int:
        """The slot after the last."""
        return self.first + self.capacity

    @property
    def slots_end(self) -> int:
        """The file offset after the slots."""
        return HEADER_BYTES + self.capacity * SLOT_BYTES

    @property
    def heap_start(self) -> int:
        """The file offset of the heap, behind the room for last words."""
        return self.slots_end + LAST_WORDS * LAST_WORD_BYTES

    def encode(self) -> bytes:
        """Give the bytes at the beginning of the file."""
        return _with_crc(
            _HEADER.pack(
                _MAGIC,
                VERSION,
                self.order.encode(),
                b"m" if self.mapped else b"p",
                SLOT_BYTES,
                self.index,
                self.first,
                self.capacity,
                LAST_WORDS,
                self.heap_start,
                self.created_s,
                self.run.encode(),
                self.writer.encode(),
            )
        )

    @classmethod
    def decode(cls, data: bytes, where: str) -> SegmentHeader:
        """Read a header back.

        Raises:
            IntegrityError: it is damaged, or not of the version that the owner file promised.
        """
        body = _checked(data, _HEADER)
        if body is None or body[:8] != _MAGIC or int.from_bytes(body[8:10], "little") != VERSION:
            raise IntegrityError(f"the header of {where} is damaged", remedy="Its records cannot be told apart.")
        _, _, order, mode, _, index, first, capacity, _, _, created_s, run, writer = _HEADER.unpack(body)
        return cls(
            index,
            first,
            capacity,
            mode == b"m",
            created_s,
            run.rstrip(b"\0").decode(),
            writer.rstrip(b"\0").decode(),
            "<" if order == b"<" else ">",
        )


@dataclass(frozen=True, slots=True)
class SegmentSeal:
    """What is said of a segment once nobody writes to it any more.

    `used` slots were taken, and `last_words` of those kept for them; `heap_end` is the file offset after the heap;
    `final` marks the last segment of a journal that was closed. The sums are crc32 of the slots taken, last words
    behind the others, and of the heap from the end of the slots on.
    """

    used: int
    last_words: int
    heap_end: int
    slots_sum: int
    heap_sum: int
    final: bool

    def encode(self) -> bytes:
        """Give the bytes at `SEAL_AT`."""
        return _with_crc(
            _SEAL.pack(
                _SEAL_MAGIC, self.final, self.used, self.heap_end, self.last_words, self.slots_sum, self.heap_sum
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> SegmentSeal | None:
        """Read a seal back; None where there is none, or none that is whole."""
        body = _checked(data, _SEAL)
        if body is None or body[:4] != _SEAL_MAGIC:
            return None
        _, final, used, heap_end, last_words, slots_sum, heap_sum = _SEAL.unpack(body)
        return cls(used, last_words, heap_end, slots_sum, heap_sum, bool(final))


@dataclass(frozen=True, slots=True)
class Counters:
    """What the journal could not take, since its beginning."""

    dropped_points: int = 0
    dropped_records: int = 0

    BYTES = _COUNTERS.size + _CRC.size

    def encode(self) -> bytes:
        """Give the bytes at `COUNTERS_AT`."""
        return _with_crc(_COUNTERS.pack(self.dropped_points, self.dropped_records))

    @classmethod
    def decode(cls, data: bytes) -> Counters:
        """Read the counters back; zeros where they are not whole."""
        body = _checked(data, _COUNTERS)
        return cls() if body is None else cls(*_COUNTERS.unpack(body))


@dataclass(frozen=True, slots=True)
class HeapEntry:
    """The prefix of what a slot cannot hold: the kind, the writer's wall clock, and length and crc32 of the payload."""

    kind: int
    length: int
    time_s: float
    payload_sum: int

    @property
    def stride(self) -> int:
        """How far the next entry lies: prefix and payload, filled up to 8 bytes."""
        return HEAP_ENTRY.size + (self.length + 7 & ~7)

    @classmethod
    def wrap(cls, kind: int, payload: bytes, time_s: float) -> bytes:
        """Give a whole entry as it is written."""
        body = HEAP_ENTRY.pack(HEAP_MARK, kind, len(payload), time_s, zlib.crc32(payload), 0)[:-4]
        return b"".join((body, _CRC.pack(zlib.crc32(body)), payload, bytes(-len(payload) % 8)))

    @classmethod
    def decode(cls, data: bytes) -> HeapEntry | None:
        """Read a prefix back; None where there is none, or none that is whole."""
        if len(data) < HEAP_ENTRY.size:
            return None
        magic, kind, length, time_s, payload_sum, crc = HEAP_ENTRY.unpack_from(data)
        if magic != HEAP_MARK or crc != zlib.crc32(data[: HEAP_ENTRY.size - 4]):
            return None
        return cls(kind, length, time_s, payload_sum)
