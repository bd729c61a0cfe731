"""The bytes on disk, fixed: what version 1 wrote, every later version reads."""

import struct
import zipfile
from pathlib import Path

from trackbridge.journal import JournalReader, RawPoint, Record
from trackbridge.journal.decode import HeapRef, PointSlot, decode_slots
from trackbridge.journal.format import (
    HEADER_BYTES,
    LAST_WORDS,
    POINT,
    RECORD,
    SLOT_BYTES,
    Counters,
    HeapEntry,
    SegmentHeader,
    SegmentSeal,
)

GOLDEN = Path(__file__).with_name("golden_v1.zip")


def test_slots_are_one_cache_line():
    assert POINT.size == RECORD.size == SLOT_BYTES == 64
    assert HEADER_BYTES % 4096 == 0


def test_headers_seals_and_counters_come_back():
    header = SegmentHeader(3, 1000, 64, True, 12.5, "a" * 32, "writer-1")
    assert SegmentHeader.decode(header.encode(), "x") == header
    assert header.heap_start == HEADER_BYTES + 64 * SLOT_BYTES + LAST_WORDS * 4096
    seal = SegmentSeal(5, 2, 99, 7, 8, True)
    assert SegmentSeal.decode(seal.encode()) == seal
    assert SegmentSeal.decode(bytes(64)) is None
    assert Counters.decode(Counters(1, 2).encode()) == Counters(1, 2)
    assert Counters.decode(bytes(64)) == Counters()


def test_a_heap_entry_is_filled_up_to_eight_bytes():
    for size in range(20):
        data = HeapEntry.wrap(7, bytes(size), 1.0)
        entry = HeapEntry.decode(data)
        assert len(data) == entry.stride
        assert len(data) % 8 == 0
        assert entry.length == size


def test_slots_of_either_byte_order_are_read():
    for order in "<>":
        fields = (1 | 1 << 28, 0, 1.5, 2.5)
        point = struct.pack(f"{order}IIqddxxxxIqdd", 4096, *fields, *fields)
        fields = (9 | 1 << 30, 70_000, 3.0, 11)
        record = struct.pack(f"{order}IIqdqxxxxIqdq", 4160, *fields, *fields)
        assert list(decode_slots(point + record + bytes(64) + point, 4096, order)) == [
            PointSlot(1, None, 1_500_000_000, 2.5, stamped=True),
            HeapRef(9, 70_000, 11, 3_000_000_000),
            "empty",
            "torn",  # whole, but not where it says it is
        ]


def test_a_journal_of_version_1_is_read(tmp_path):
    with zipfile.ZipFile(GOLDEN) as archive:
        archive.extractall(tmp_path)
    with JournalReader(tmp_path / "golden") as reader:
        assert reader.identity.run == "0" * 31 + "1"
        assert reader.identity.extra == {"made": "by hand"}
        batch = reader.read()
        assert reader.ended_cleanly()
    assert batch.damage == ()
    assert [entry[:4] for entry in batch.entries if isinstance(entry, RawPoint)] == [
        (0, "loss", 0.5, 0),
        (1, "名", -0.0, None),
        (2, "loss", float("inf"), -(2**63)),
        (3, "given", 1.0, 2**63 - 1),
        *((16 + place, "loss", 1.0 * place, place) for place in range(10)),
    ]
    assert [entry.time_ns for entry in batch.entries if isinstance(entry, RawPoint) and not entry.stamped] == [
        12345 * 10**6
    ]
    assert [entry[:3] for entry in batch.entries if isinstance(entry, Record)] == [
        (5, 7, b"payload"),
        (6, 2**28 - 1, b""),
        (7, 3, bytes(range(256))),
    ]
