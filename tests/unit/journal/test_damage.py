"""Never a wrong record, whatever happens to the bytes; and what is lost is told (hypothesis)."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackbridge.journal import JournalOptions, JournalReader, JournalWriter, Ranges, RawPoint
from trackbridge.records.ids import new_run_id

NAMES = st.text("abcä_/名 ", min_size=1, max_size=8).filter(lambda name: name == name.strip())
STEPS = st.none() | st.integers(-(2**63), 2**63 - 1)
POINTS = st.tuples(NAMES, st.floats(allow_nan=False), STEPS)
RECORDS = st.tuples(st.integers(1, 2**28 - 1), st.binary(max_size=300))


def write(root: Path, items, mode: str, *, close: bool) -> JournalWriter:
    options = JournalOptions(mode=mode, first_slots=16, most_slots=32)
    writer = JournalWriter(root, new_run_id(), options=options)
    for item in items:
        if len(item) == 3:
            writer.log_metric(*item)
        else:
            writer.append(*item)
    if close:
        writer.close()
    return writer


def read(directory: Path):
    with JournalReader(directory) as reader:
        return reader.read(limit=10**6, limit_bytes=10**9)


def plain(entry) -> tuple:
    if isinstance(entry, RawPoint):
        return entry.name, entry.value.hex(), entry.step
    return entry.kind, entry.payload


def given_as(item) -> tuple:
    return (item[0], item[1].hex(), item[2]) if len(item) == 3 else item


@settings(max_examples=60, deadline=None)
@given(items=st.lists(POINTS | RECORDS, max_size=60), mode=st.sampled_from(["mapped", "plain"]), close=st.booleans())
def test_whatever_is_written_is_read(items, mode, close):
    with tempfile.TemporaryDirectory() as root:
        writer = write(Path(root), items, mode, close=close)
        try:
            batch = read(writer.directory)
        finally:
            writer.close()
    assert [plain(entry) for entry in batch.entries] == [given_as(item) for item in items]
    assert batch.damage == ()


ITEMS = [
    (f"m{number % 5}", number * 0.5, None if number % 4 == 0 else number)
    if number % 6
    else (number + 1, bytes([number]) * number)
    for number in range(90)
]


@pytest.fixture(scope="module", params=["mapped", "plain"])
def journal(request, tmp_path_factory):
    writer = write(tmp_path_factory.mktemp("journal"), ITEMS, request.param, close=True)
    return writer.directory, {entry.slot: entry for entry in read(writer.directory).entries}


def check_read(directory: Path, whole: dict) -> None:
    """What is read is right, and what is not read lies where damage was told."""
    batch = read(directory)
    found = {entry.slot: entry for entry in batch.entries}
    assert all(whole[slot] == entry for slot, entry in found.items())
    lost = whole.keys() - found.keys()
    told = Ranges.of((damage.first, damage.end) for damage in batch.damage if damage.kind != "checksum")
    assert all(slot in told for slot in lost)
    assert batch.finished
    assert all(slot in batch.covered for slot in whole)


@contextmanager
def changed(contents: dict[Path, bytes]) -> Iterator[None]:
    before = {path: path.read_bytes() for path in contents}
    for path, content in contents.items():
        path.write_bytes(content)
    try:
        yield
    finally:
        for path, content in before.items():
            path.write_bytes(content)


REGIONS = [(0, 1100), (4096, 4096 + 32 * 64), (4096 + 16 * 64 + 8 * 4096, None)]  # head, slots, heap
FLIPS = st.tuples(st.integers(0, 4), st.sampled_from(REGIONS), st.integers(0), st.integers(1, 255))


@settings(max_examples=150, deadline=None)
@given(flips=st.lists(FLIPS, min_size=1, max_size=4))
def test_flipped_bytes_never_give_a_wrong_record(journal, flips):
    directory, whole = journal
    contents = {path: bytearray(path.read_bytes()) for path in sorted(directory.glob("*.seg"))}
    for number, (start, stop), place, bits in flips:
        content = list(contents.values())[number % len(contents)]
        size = min(stop or len(content), len(content)) - start
        content[start + place % size] ^= bits
    with changed(contents):
        check_read(directory, whole)


@settings(max_examples=60, deadline=None)
@given(number=st.integers(0, 4), share=st.floats(0, 1))
def test_a_truncated_file_never_gives_a_wrong_record(journal, number, share):
    directory, whole = journal
    paths = sorted(directory.glob("*.seg"))
    path = paths[number % len(paths)]
    content = path.read_bytes()
    with changed({path: content[: int(len(content) * share)]}):
        check_read(directory, whole)


def test_one_flipped_byte_in_a_slot_costs_that_slot_alone(journal, tmp_path):
    directory, whole = journal
    for place in range(64):
        copy = tmp_path / str(place)
        shutil.copytree(directory, copy)
        path = copy / "00000001.seg"
        content = bytearray(path.read_bytes())
        content[4096 + 3 * 64 + place] ^= 0x40
        path.write_bytes(content)
        batch = read(copy)
        assert {entry.slot: entry for entry in batch.entries} == {k: v for k, v in whole.items() if k != 16 + 3}
        assert [(found.kind, found.first, found.end) for found in batch.damage] == [
            ("torn", 19, 20),
            ("checksum", 16, 48),
        ]


def test_a_changed_pair_that_passes_its_own_check_is_caught_by_the_seal(journal, tmp_path):
    directory, _ = journal
    copy = tmp_path / "copy"
    shutil.copytree(directory, copy)
    path = copy / "00000001.seg"
    content = bytearray(path.read_bytes())
    for half in (24, 56):  # the value, in both copies
        content[4096 + 3 * 64 + half] ^= 1
    path.write_bytes(content)
    assert [found.kind for found in read(copy).damage] == ["checksum"]
