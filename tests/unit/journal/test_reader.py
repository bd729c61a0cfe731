"""Following, resuming, cleaning up: what a consumer does with a journal."""

import os
import subprocess
import sys

import pytest

from trackbridge.errors import ConfigurationError, Conflict, IntegrityError, NotFound
from trackbridge.journal import (
    Counters,
    Cursor,
    JournalReader,
    Ranges,
    cursor_path,
    discard,
    find_journals,
    load_cursor,
    save_cursor,
)
from trackbridge.journal.files import entries_of
from trackbridge.journal.format import HEADER_BYTES, SLOT_BYTES


def test_a_live_journal_is_followed(make_writer):
    writer = make_writer()
    delivered, seen = Ranges(), []
    with JournalReader(writer.directory) as reader:
        for step in range(200):
            writer.log_metric("x", 1.0, step)
            if step % 7 == 0:
                batch = reader.read(delivered)
                seen += [entry.step for entry in batch.entries]
                delivered |= batch.covered
                assert not batch.finished
                assert seen == list(range(step + 1))
        assert reader.writer_alive()
        assert not reader.ended_cleanly()
        writer.close()
        batch = reader.read(delivered)
        assert [entry.step for entry in batch.entries] == list(range(197, 200))
        assert batch.finished
        assert reader.ended_cleanly()
        assert not reader.writer_alive()
        rest = reader.read(delivered | batch.covered)
        assert (rest.entries, rest.damage, rest.finished) == ((), (), True)


def test_a_batch_keeps_its_limits_and_says_that_there_is_more(make_writer):
    writer = make_writer()
    for step in range(100):
        writer.log_metric("x", 1.0, step)
    for _ in range(10):
        writer.append(1, bytes(1000))
    writer.close()
    with JournalReader(writer.directory) as reader:
        batch = reader.read(limit=30)
        assert [entry.step for entry in batch.entries] == list(range(30))
        assert batch.more
        assert not batch.finished
        records = reader.read(Ranges.of([(0, 100 + 3 * 8)]), limit_bytes=2500)
        assert 0 < len(records.entries) <= 3
        assert records.more


def test_what_is_delivered_is_not_given_again(make_writer):
    writer = make_writer()
    for step in range(10):
        writer.log_metric("x", 1.0, step)
    with JournalReader(writer.directory) as reader:
        batch = reader.read(Ranges.of([(2, 4), (6, 7)]))
    assert [entry.step for entry in batch.entries] == [0, 1, 4, 5, 7, 8, 9]


@pytest.mark.usefixtures("no_patience")
def test_a_hole_at_the_end_of_a_segment_does_not_hold_back_the_next(make_writer):
    writer = make_writer()
    for step in range(7):
        writer.log_metric("x", 1.0, step)
    target = writer._segment.target  # a thread that is still in the call keeps the segment unsealed
    next(writer._segment.slots)
    for step in range(8, 20):
        writer.log_metric("x", 1.0, step)
    with JournalReader(writer.directory) as reader:
        batch = reader.read()
        assert [entry.step for entry in batch.entries] == [*range(7), *range(8, 20)]
        assert (batch.pending, 7 in batch.covered) == (1, False)
    assert target is not None


def test_a_slot_written_in_time_keeps_its_place(make_writer):
    writer = make_writer(first_slots=64)
    writer.log_metric("x", 1.0, 0)
    at = next(writer._segment.slots)
    writer.log_metric("x", 1.0, 2)
    with JournalReader(writer.directory) as reader:
        assert [entry.step for entry in reader.read().entries] == [0]
        writer._put(writer._segment.target, at, at, 1, 1, 5.0, 9.0, 1, 1, 5.0, 9.0)
        assert [entry.step for entry in reader.read().entries] == [0, 1, 2]


@pytest.fixture
def no_patience(monkeypatch):
    monkeypatch.setattr("trackbridge.journal.reader._PATIENCE_S", 0.0)


@pytest.mark.usefixtures("no_patience")
def test_a_hole_stays_pending_until_the_writer_is_gone(make_writer):
    writer = make_writer()
    writer.log_metric("x", 1.0, 0)
    next(writer._segment.slots)  # what an interrupt between slot and write leaves
    writer.log_metric("x", 1.0, 2)
    with JournalReader(writer.directory) as reader:
        batch = reader.read()
        assert [entry.slot for entry in batch.entries] == [0, 2]
        assert batch.covered == Ranges.of([(0, 1), (2, 3)])
        assert batch.pending == 1
        again = reader.read(batch.covered)
        assert (again.entries, again.covered, again.damage) == ((), Ranges(), ())
        writer.close()
        last = reader.read(batch.covered)
        assert [(found.kind, found.first, found.end) for found in last.damage] == [("hole", 1, 2)]
        assert last.finished
        assert reader.read(batch.covered | last.covered).damage == ()


@pytest.mark.usefixtures("no_patience")
def test_a_slot_filled_late_is_delivered_late(make_writer):
    writer = make_writer()
    writer.log_metric("x", 1.0, 0)
    at = next(writer._segment.slots)
    writer.log_metric("x", 1.0, 2)
    with JournalReader(writer.directory) as reader:
        first = reader.read()
        writer._put(writer._segment.target, at, at, 1, 1, 5.0, 9.0, 1, 1, 5.0, 9.0)
        assert [(entry.slot, entry.step) for entry in reader.read(first.covered).entries] == [(1, 1)]


def test_delivered_segments_are_deleted_when_all_consumers_are_past_them(make_writer):
    writer = make_writer()
    for step in range(60):
        writer.log_metric("x", 1.0, step)
    writer.close()
    with JournalReader(writer.directory) as reader:
        everything = reader.read().covered
        segments = sorted(writer.directory.glob("*.seg"))
        assert reader.reclaim([everything, Ranges.of([(0, 16)])]) > 0
        assert sorted(writer.directory.glob("*.seg")) == segments[1:]
        assert reader.read(Ranges.of([(0, 16)])).damage == ()
        reader.reclaim([everything, everything])
        assert list(writer.directory.glob("*.seg")) == []
        assert reader.read(everything).finished


def test_a_segment_in_use_is_never_deleted(make_writer):
    writer = make_writer()
    writer.log_metric("x", 1.0, 1)
    with JournalReader(writer.directory) as reader:
        assert reader.reclaim([Ranges.of([(0, 10_000)])]) == 0
    writer.log_metric("x", 1.0, 2)
    assert len(list(writer.directory.glob("*.seg"))) >= 1


def test_the_last_time_is_that_of_the_latest_record_of_ours(make_writer):
    writer = make_writer()
    with JournalReader(writer.directory) as reader:
        assert reader.last_time_ns() is None
        for step in range(40):
            writer.log_metric("x", 1.0, step)
        writer.log_metric("x", 1.0, 1, timestamp=253402300799999)
        entries = reader.read().entries
        assert reader.last_time_ns() == max(entry.time_ns for entry in entries if entry.stamped)


def test_journals_are_found_and_discarded(make_writer, tmp_path):
    writers = [make_writer() for _ in range(3)]
    assert set(find_journals(tmp_path)) == {writer.directory for writer in writers}
    first = writers[0]
    assert list(find_journals(tmp_path, first.identity.run)) == [first.directory]
    with pytest.raises(Conflict):
        discard(first.directory)
    first.close()
    discard(first.directory)
    assert not first.directory.parent.exists()


def test_journals_that_go_while_others_are_looked_for_are_left_out(make_writer, tmp_path):
    writers = sorted((make_writer() for _ in range(3)), key=lambda writer: writer.directory)
    found = find_journals(tmp_path)
    assert next(found) == writers[0].directory
    writers[1].close()
    discard(writers[1].directory)
    assert list(found) == [writers[2].directory]


def test_a_directory_that_is_no_journal_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        JournalReader(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}'])
def test_a_damaged_owner_file_is_told(make_writer, text):
    writer = make_writer()
    writer.close()
    (writer.directory / "owner.json").write_text(text)
    with pytest.raises(IntegrityError):
        JournalReader(writer.directory)


def test_a_newer_journal_is_a_clear_error(make_writer):
    writer = make_writer()
    writer.close()
    path = writer.directory / "owner.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(ConfigurationError, match="Upgrade trackbridge"):
        JournalReader(writer.directory)


@pytest.mark.parametrize("read_before", [False, True])
def test_a_segment_that_a_listing_misses_is_found_by_its_name(make_writer, monkeypatch, read_before):
    """A directory that changes while it is listed may be given without a file that was renamed, and with its successor."""
    writer, listed = make_writer(), entries_of
    for step in range(100):
        writer.log_metric("x", 1.0, step)
    with JournalReader(writer.directory) as reader:
        delivered = Ranges()
        if read_before:
            delivered |= reader.read(limit=3).covered
        monkeypatch.setattr(
            "trackbridge.journal.reader.entries_of",
            lambda path: [found for found in listed(path) if found.name not in {"00000000.seg", "00000001.seg"}],
        )
        batch = reader.read(delivered)
    assert [entry.step for entry in batch.entries] == list(range(3 if read_before else 0, 100))
    assert batch.damage == ()


def test_a_missing_segment_is_told_once(make_writer):
    writer = make_writer()
    for step in range(200):
        writer.log_metric("x", 1.0, step)
    writer.close()
    (writer.directory / "00000001.seg").unlink()
    with JournalReader(writer.directory) as reader:
        batch = reader.read()
        assert [(found.kind, found.first, found.end) for found in batch.damage] == [("missing", 16, 48)]
        assert [entry.step for entry in batch.entries] == [*range(8), *range(8 + 24, 200)]
        assert reader.read(batch.covered).damage == ()


@pytest.mark.parametrize("index", [0, 2])
def test_a_damaged_header_costs_its_segment_only(make_writer, index):
    writer = make_writer()
    for step in range(8 + 24 + 56):
        writer.log_metric("x", 1.0, step)
    writer.close()
    with (writer.directory / f"{index:08d}.seg").open("r+b") as file:
        file.seek(20)
        file.write(b"\xff")
    with JournalReader(writer.directory) as reader:
        batch = reader.read()
        ((kind, first),) = [(found.kind, found.first) for found in batch.damage]
        assert (kind, first) == ("header", 0 if index == 0 else 48)
        assert [entry.step for entry in batch.entries] == list(range(8, 88) if index == 0 else range(32))
        assert reader.read(batch.covered).damage == ()


def test_a_truncated_file_gives_what_lies_before(make_writer):
    writer = make_writer(first_slots=64)
    for step in range(50):
        writer.log_metric("x", 1.0, step)
    writer.close()
    os.truncate(writer.directory / "00000000.seg", HEADER_BYTES + 30 * SLOT_BYTES + 11)
    with JournalReader(writer.directory) as reader:
        batch = reader.read()
        assert batch.entries == ()  # the names lie behind the slots
        assert {found.kind for found in batch.damage} == {"heap", "truncated", "checksum"}
        assert sum(found.end - found.first for found in batch.damage if found.kind != "checksum") == 50


def test_a_journal_without_its_seal_reads_the_same(make_writer, read_all):
    writer = make_writer(first_slots=64)
    for step in range(50):
        writer.log_metric("x", 1.0, step)
    writer.close()
    whole = read_all(writer.directory)
    with (writer.directory / "00000000.seg").open("r+b") as file:
        file.seek(512)
        file.write(bytes(100))
    damage = []
    assert read_all(writer.directory, damage=damage) == whole
    assert damage == []


def test_counters_tell_what_was_dropped(make_writer):
    writer = make_writer()
    writer.log_metric("x", 1.0, 1)
    with JournalReader(writer.directory) as reader:
        assert reader.counters() == Counters(0, 0)
        writer._lost(OSError(28, "full"))
        writer._lost(OSError(28, "full"))
        assert reader.counters() == Counters(2, 0)
        for step in range(40):
            writer.log_metric("x", 1.0, step)
        assert reader.counters() == Counters(2, 0)
    assert writer.stats.dropped_points == 2


def test_cursors_come_back(tmp_path):
    path = cursor_path(tmp_path, "mlflow+https://host:5000/a?b=c/../d")
    assert path.parent == tmp_path
    assert load_cursor(path) == Cursor()
    for durable in (False, True):
        cursor = Cursor(Ranges.of([(0, 5), (7, 2**40)]), b"\x00state\xff")
        save_cursor(path, cursor, durable=durable)
        assert load_cursor(path) == cursor
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("place", range(0, 90, 5))
def test_a_damaged_cursor_is_told(tmp_path, place):
    path = cursor_path(tmp_path, "local")
    save_cursor(path, Cursor(Ranges.of([(0, 1234567)]), b"state"))
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 0x15
    path.write_bytes(data)
    with pytest.raises((IntegrityError, ConfigurationError)):
        load_cursor(path)


def test_importing_the_journal_loads_nothing_heavy():
    program = (
        "import sys, trackbridge.journal\n"
        "heavy = {'pydantic', 'lark', 'numpy', 'pyarrow', 'rich', 'typer', 'ctypes', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
