"""From bytes to records: the slots and the heap of one segment, believing nothing that fails its check."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from trackbridge.journal.files import read_at
from trackbridge.journal.format import (
    GIVEN_TIME,
    HEAP_ENTRY,
    HEAP_MARK,
    IS_RECORD,
    NAME_KIND,
    NO_STEP,
    SLOT_BYTES,
    VALUE_MASK,
    VOID,
    ByteOrder,
    HeapEntry,
)

__all__ = ["HeapRef", "PointSlot", "SlotState", "decode_slots", "read_payload", "scan_names"]

_PARTS = struct.Struct("4s28s4s28s")
_ZEROS: Final = bytes(28)
_NO_OFFSET: Final = bytes(4)
_SCAN_BYTES: Final = 64 * 1024


class PointSlot(NamedTuple):
    """A point, its name still an id."""

    name_id: int
    step: int | None
    time_ns: int
    value: float
    stamped: bool


class HeapRef(NamedTuple):
    """A record, its payload still in the heap."""

    kind: int
    offset: int
    length: int
    time_ns: int


SlotState: TypeAlias = PointSlot | HeapRef | str  # or "void", "empty", "torn"


def decode_slots(data: bytes, at: int, order: ByteOrder) -> Iterator[SlotState]:
    """Yield what each slot of `data` holds; `at` is the file offset of the first."""
    point, record = struct.Struct(f"{order}Iqdd").unpack, struct.Struct(f"{order}Iqdq").unpack
    endian: Literal["little", "big"] = "little" if order == "<" else "big"
    for place, one, zeros, two in _PARTS.iter_unpack(data[: len(data) // SLOT_BYTES * SLOT_BYTES]):
        if one != two or zeros != _NO_OFFSET:
            yield "torn"
        elif one == _ZEROS and place == _NO_OFFSET:
            yield "empty"
        elif place != at.to_bytes(4, endian):
            yield "torn"
        else:
            key, number, when, value = point(one)
            if key & VOID:
                yield "void"
            elif key & IS_RECORD:
                yield HeapRef(key & VALUE_MASK, number, record(one)[3], _ns(when))
            elif key & GIVEN_TIME:
                step = None if key & NO_STEP else number
                yield PointSlot(key & VALUE_MASK, step, int(when) * 1_000_000, value, stamped=False)
            else:
                yield PointSlot(key & VALUE_MASK, None if key & NO_STEP else number, _ns(when), value, stamped=True)
        at += SLOT_BYTES


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


def read_payload(descriptor: int, ref: HeapRef) -> bytes | None:
    """Read a record's payload; None where it is not whole."""
    entry = HeapEntry.decode(read_at(descriptor, HEAP_ENTRY.size, ref.offset))
    if entry is None or (entry.kind, entry.length) != (ref.kind, ref.length):
        return None
    payload = read_at(descriptor, ref.length, ref.offset + HEAP_ENTRY.size)
    return payload if len(payload) == ref.length and zlib.crc32(payload) == entry.payload_sum else None


def scan_names(descriptor: int, offset: int, names: dict[int, str]) -> int:
    """Add the names interned from `offset` on to `names`; give the offset up to which all entries were whole.

    Behind a damaged entry the next whole one is looked for, so that one bad byte costs one entry.
    """
    settled, whole = offset, True
    while True:
        head = read_at(descriptor, HEAP_ENTRY.size, offset)
        if len(head) < HEAP_ENTRY.size:
            return settled
        entry = HeapEntry.decode(head)
        if entry is not None:
            if entry.kind == NAME_KIND:
                whole = _read_name(descriptor, offset, entry, names) and whole
            offset += entry.stride
            settled = offset if whole else settled
        elif (found := _next_entry(descriptor, offset + 8)) is None:
            return settled
        else:
            offset, whole = found, False


def _read_name(descriptor: int, offset: int, entry: HeapEntry, names: dict[int, str]) -> bool:
    payload = read_payload(descriptor, HeapRef(entry.kind, offset, entry.length, 0))
    if payload is None or len(payload) < 4:
        return False
    names[int.from_bytes(payload[:4], "little")] = payload[4:].decode()
    return True


def _next_entry(descriptor: int, offset: int) -> int | None:
    while len(data := read_at(descriptor, _SCAN_BYTES, offset)) >= HEAP_ENTRY.size:
        place = data.find(HEAP_MARK)
        while place >= 0:
            if place % 8 == 0 and HeapEntry.decode(data[place : place + HEAP_ENTRY.size]):
                return offset + place
            place = data.find(HEAP_MARK, place + 1)
        offset += max(_SCAN_BYTES - HEAP_ENTRY.size, 8)
    return None
