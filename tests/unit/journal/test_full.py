"""A journal at its bound: blocking, dropping, last words; a directory that goes away."""

import errno
import threading

import pytest

from trackbridge.journal import Counters, JournalReader, Ranges, supply
from trackbridge.journal import segment as segments

SMALL = {"max_bytes": 1 << 20, "first_slots": 1024, "most_slots": 4096}


def fill(writer, points: int = 30_000) -> None:
    for step in range(points):
        writer.log_metric("x", 1.0, step)


def test_at_its_bound_a_journal_drops_and_counts(make_writer):
    writer = make_writer(when_full="drop", **SMALL)
    fill(writer)
    used = sum(path.stat().st_blocks * 512 for path in writer.directory.iterdir())
    stats = writer.stats
    assert stats.dropped_points > 0
    assert stats.accepted + stats.dropped_points == 30_000
    assert used <= 1 << 20
    writer.close()
    with JournalReader(writer.directory) as reader:
        batch = reader.read(limit=10**6)
        assert [entry.step for entry in batch.entries] == list(range(stats.accepted))
        assert batch.damage == ()
        assert reader.counters() == Counters(stats.dropped_points, 0)


def test_of_a_shortage_is_told_once(make_writer, caplog):
    writer = make_writer(when_full="drop", **SMALL)
    fill(writer)
    assert writer.stats.dropped_points > 1_000
    assert len([record for record in caplog.records if "is full" in record.message]) == 1


def test_the_last_words_fit_into_a_full_journal(make_writer):
    writer = make_writer(when_full="drop", **SMALL)
    fill(writer)
    assert not writer.append(1, b"not essential")
    assert [writer.append(2, b"FAILED", essential=True) for _ in range(9)] == [True] * 8 + [False]
    assert writer.stats.dropped_records == 2
    writer.close()
    with JournalReader(writer.directory) as reader:
        batch = reader.read(limit=10**6)
        assert [entry.payload for entry in batch.entries[-8:]] == [b"FAILED"] * 8
        assert batch.damage == ()
        assert reader.counters().dropped_records == 2


def beside(writer, name, size):
    """Put a file beside the journal, as one that was admitted is."""
    (writer.directory / "files").mkdir(exist_ok=True)
    path = writer.directory / "files" / name
    path.write_bytes(bytes(size))
    return path


def test_files_beside_a_journal_take_up_to_half_of_its_bound(make_writer):
    writer = make_writer(when_full="drop", **SMALL)
    assert writer.admit(300 << 10)
    first = beside(writer, "0", 300 << 10)
    assert not writer.admit(300 << 10)
    assert writer.stats.dropped_records == 1
    assert writer.admit(200 << 10)
    second = beside(writer, "1", 200 << 10)
    first.unlink()
    second.unlink()
    assert writer.admit(300 << 10), "those are delivered"
    beside(writer, "2", 300 << 10)
    fill(writer)
    used = sum(path.stat().st_blocks * 512 for path in writer.directory.rglob("*") if path.is_file())
    assert used <= 1 << 20
    assert writer.stats.accepted > 4_000, "points have the other half for themselves"


def test_a_file_larger_than_the_bound_may_come_alone(make_writer):
    writer = make_writer(when_full="drop", **SMALL)
    assert writer.admit(2 << 20)
    path = beside(writer, "0", 2 << 20)
    assert not writer.admit(1)
    fill(writer, 1_500)
    assert writer.stats.dropped_points == 0, "it takes no more than half from points"
    path.unlink()
    assert writer.admit(2 << 20)


def test_who_waits_for_room_delivers_where_nobody_else_does(make_writer):
    waits = []

    def deliver():
        waits.append(len(waits))
        if len(waits) == 3:
            path.unlink()

    writer = make_writer(when_full="block", **SMALL, waiting=deliver)
    assert writer.admit(400 << 10)
    path = beside(writer, "0", 400 << 10)
    assert writer.admit(400 << 10)
    assert waits == [0, 1, 2]


def test_at_its_bound_a_journal_blocks_until_something_is_delivered(make_writer):
    writer = make_writer(when_full="block", **SMALL)
    delivered, seen, freed = Ranges(), [], 0
    worker = threading.Thread(target=fill, args=(writer,))
    worker.start()
    with JournalReader(writer.directory) as reader:
        last = False
        while not last:
            last = not worker.is_alive()  # before reading, so that nothing is left behind
            batch = reader.read(delivered, limit=10**6)
            seen += [entry.step for entry in batch.entries]
            delivered |= batch.covered
            freed += reader.reclaim([delivered])
    worker.join()
    assert seen == list(range(30_000))
    assert freed > 0
    assert (writer.stats.dropped_points, writer.stats.accepted) == (0, 30_000)


def test_a_blocked_call_ends_when_the_journal_is_closed(make_writer):
    writer = make_writer(when_full="block", **SMALL)
    worker = threading.Thread(target=fill, args=(writer,), daemon=True)
    blocked = threading.Event()
    before = writer._blocks

    def note(shortage) -> bool:
        blocked.set()
        return before(shortage)

    writer._blocks = note
    errors = []
    writer._refuse = errors.append
    worker.start()
    assert blocked.wait(30)
    writer.close()
    worker.join(30)
    assert not worker.is_alive()
    assert errors
    assert "closed" in str(errors[0])


@pytest.fixture
def full_disk(monkeypatch):
    """A disk that takes nothing more once the event is set."""
    full = threading.Event()
    real = segments.write_at, segments.allocate

    def refuse(call):
        def refusing(*args):
            if full.is_set():
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*args)

        return refusing

    monkeypatch.setattr(segments, "write_at", refuse(real[0]))
    monkeypatch.setattr(segments, "allocate", refuse(real[1]))
    monkeypatch.setattr(supply, "_DISK_RETRY_S", 0.0)
    return full


def test_a_full_disk_drops_even_where_the_journal_would_block_and_recovers(make_writer, full_disk):
    writer = make_writer(when_full="block")
    fill(writer, 100)
    full_disk.set()
    fill(writer, 1000)
    assert writer.stats.dropped_points > 0
    assert writer.stats.trouble.errno == errno.ENOSPC
    full_disk.clear()
    writer.log_metric("after", 1.0, 1)
    writer.close()
    with JournalReader(writer.directory) as reader:
        entries = reader.read().entries
    assert (entries[-1].name, writer.stats.trouble) == ("after", None)
    assert len(entries) == writer.stats.accepted


def test_a_deleted_directory_comes_back(make_writer, tmp_path):
    writer = make_writer()
    fill(writer, 20)
    writer.directory.rename(tmp_path / "gone")  # at one stroke, whatever the helper is about
    fill(writer, 500)
    with JournalReader(writer.directory) as reader:
        assert reader.writer_alive()
        batch = reader.read()
    assert batch.entries[-1].step == 499
    assert [found.kind for found in batch.damage] == ["missing"]
    assert writer.stats.dropped_points == 0
