"""What a returned call was given is there, exactly, in the order of the slots."""

import math
import random
import struct
import threading
import time
from datetime import UTC, datetime

import pytest

from trackbridge.errors import ConfigurationError, Rejected
from trackbridge.journal import JournalOptions, JournalReader, JournalWriter, RawPoint, Record
from trackbridge.records.ids import new_run_id


def points(entries) -> list[tuple]:
    return [(entry.name, entry.value, entry.step) for entry in entries]


def test_points_come_back_in_order_over_many_segments(make_writer, read_all):
    writer = make_writer()
    for step in range(500):
        writer.log_metric("loss" if step % 3 else "acc", step * 0.25, step=step)
    expected = [("loss" if step % 3 else "acc", step * 0.25, step) for step in range(500)]
    assert points(read_all(writer.directory)) == expected
    writer.close()
    assert points(read_all(writer.directory)) == expected
    assert writer.stats.accepted == 500


@pytest.mark.parametrize(
    "value", [0.0, -0.0, math.inf, -math.inf, 5e-324, 1.7976931348623157e308, -1.5, math.pi], ids=repr
)
@pytest.mark.parametrize("step", [0, -2, 2**40, 2**63 - 1, -(2**63), None])
def test_every_value_and_step_comes_back_bit_for_bit(make_writer, read_all, value, step):
    writer = make_writer()
    writer.log_metric("x", value, step)
    writer.log_metric("x", value, step)
    for point in read_all(writer.directory):
        assert struct.pack("d", point.value) == struct.pack("d", value)
        assert point.step == step


def test_nan_comes_back(make_writer, read_all):
    writer = make_writer()
    writer.log_metric("x", math.nan, 1)
    (point,) = read_all(writer.directory)
    assert math.isnan(point.value)


def test_a_time_of_ours_is_the_time_of_the_call_and_a_given_one_is_kept(make_writer, read_all):
    writer = make_writer()
    before = time.time_ns()
    writer.log_metric("x", 1.0, 1)
    after = time.time_ns()
    writer.log_metric("x", 1.0, 1, timestamp=253402300799999)
    writer.log_metric("x", 1.0, timestamp=datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC))
    ours, given, moment = read_all(writer.directory)
    assert before - 1000 <= ours.time_ns <= after + 1000  # the clock is kept as float64 seconds, 238 ns apart
    assert ours.stamped
    assert (given.time_ns, given.stamped) == (253402300799999 * 10**6, False)
    assert (moment.time_ns, moment.step) == (1767323045678 * 10**6, None)


def test_log_metrics_writes_all_at_one_time(make_writer, read_all):
    writer = make_writer()
    for step in (1, 2, None):
        writer.log_metrics({f"m{number}": float(number) for number in range(40)}, step)
    entries = read_all(writer.directory)
    names = [(f"m{number}", float(number)) for number in range(40)]
    assert points(entries) == [(name, value, step) for step in (1, 2, None) for name, value in names]


class Scalar:
    """As numpy's and torch's are: `item` and an empty shape."""

    shape = ()

    def item(self):
        return 2.5


@pytest.mark.parametrize(("value", "stored"), [(3, 3.0), (Scalar(), 2.5)])
def test_numbers_that_are_no_floats_are_made_floats(make_writer, read_all, value, stored):
    writer = make_writer()
    writer.log_metric("x", value, 1)
    writer.log_metrics({"x": value, "y": 1.0}, 2)
    assert points(read_all(writer.directory)) == [("x", stored, 1), ("x", stored, 2), ("y", 1.0, 2)]


BAD_CALLS = {
    "text value": (("x", "1.0", 1), "M6"),
    "bool value": (("x", True, 1), "M6"),
    "complex value": (("x", 1j, 1), "M6"),
    "None value": (("x", None, 1), "M6"),
    "huge int": (("x", 10**400, 1), "M1"),
    "bool step": (("x", 1.0, True), "M1"),
    "text step": (("x", 1.0, "1"), "M1"),
    "float step": (("x", 1.0, 1.0), "M1"),
    "step beyond int64": (("x", 1.0, 2**63), "M1"),
    "step below int64": (("x", 1.0, -(2**63) - 1), "M1"),
    "no name": (("", 1.0, 1), "P1"),
    "padded name": ((" x", 1.0, 1), "P1"),
    "unhashable name": (([], 1.0, 1), "P1"),
    "number as name": ((7, 1.0, 1), "P1"),
}


@pytest.mark.parametrize(("call", "clause"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_a_bad_call_raises_and_leaves_nothing(make_writer, read_all, call, clause):
    writer = make_writer()
    writer.log_metric("x", 0.5, 0)  # the name is known now: the hot path itself has to notice
    with pytest.raises(Rejected) as caught:
        writer.log_metric(*call)
    assert caught.value.clause == clause
    writer.close()
    damage = []
    assert points(read_all(writer.directory, damage=damage)) == [("x", 0.5, 0)]
    assert damage == []


def test_log_metrics_is_all_or_nothing(make_writer, read_all):
    writer = make_writer()
    writer.log_metrics({"a": 0.0, "b": 0.0}, 0)
    for bad in ({"a": 1.0, "b": "x"}, {"a": 1.0, "": 2.0}):
        with pytest.raises(Rejected):
            writer.log_metrics(bad, 1)
    with pytest.raises(Rejected):
        writer.log_metrics({"a": 1.0}, 2**63)
    assert [entry.step for entry in read_all(writer.directory)] == [0, 0]


def test_refuse_takes_the_place_of_raising(make_writer, read_all):
    refused = []
    writer = make_writer(refuse=refused.append)
    writer.log_metric("x", "no", 1)
    writer.log_metric("x", 1.0, 1)
    assert [error.clause for error in refused] == ["M6"]
    assert points(read_all(writer.directory)) == [("x", 1.0, 1)]


def test_a_bad_timestamp_raises(make_writer):
    with pytest.raises(Rejected, match="timestamp"):
        make_writer().log_metric("x", 1.0, 1, timestamp=-1)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 4096, 100_000])
def test_other_records_come_back(make_writer, read_all, size):
    writer = make_writer()
    payload = random.Random(size).randbytes(size)
    assert writer.append(7, payload)
    assert writer.append(2**28 - 1, payload[::-1])
    found = read_all(writer.directory)
    assert [(entry.kind, entry.payload) for entry in found] == [(7, payload), (2**28 - 1, payload[::-1])]
    assert all(isinstance(entry, Record) and abs(entry.time_ns - time.time_ns()) < 60e9 for entry in found)


def test_records_and_points_keep_their_order(make_writer, read_all):
    writer = make_writer()
    for step in range(100):
        writer.log_metric("x", 1.0, step)
        writer.append(1, str(step).encode())
    order = [entry.step if isinstance(entry, RawPoint) else int(entry.payload) for entry in read_all(writer.directory)]
    assert order == [step for step in range(100) for _ in range(2)]


def test_a_large_heap_ends_its_segment(make_writer, read_all):
    writer = make_writer(heap_bytes=10_000)
    for number in range(30):
        writer.append(1, bytes([number]) * 4000)
    assert len(list(writer.directory.glob("*.seg"))) > 8
    writer.close()
    damage = []
    assert [entry.payload[0] for entry in read_all(writer.directory, damage=damage)] == list(range(30))
    assert damage == []


@pytest.mark.parametrize(("kind", "size"), [(0, 1), (-1, 1), (2**28, 1), (1, (1 << 20) // 5 + 1)])
def test_a_record_that_can_never_fit_is_refused(make_writer, kind, size):
    with pytest.raises(Rejected):
        make_writer(max_bytes=1 << 20).append(kind, bytes(size))


def test_a_closed_journal_takes_nothing(make_writer, read_all):
    writer = make_writer()
    writer.log_metric("x", 1.0, 1)
    writer.close()
    writer.close()
    for call in (
        lambda: writer.log_metric("x", 1.0, 2),
        lambda: writer.log_metrics({"x": 1.0}, 2),
        lambda: writer.append(1, b""),
    ):
        with pytest.raises(Rejected, match="closed"):
            call()
    assert points(read_all(writer.directory)) == [("x", 1.0, 1)]


@pytest.mark.parametrize("threads", [1, 4, 8])
def test_threads_lose_nothing_and_keep_their_own_order(make_writer, read_all, threads):
    writer, each = make_writer(), 2_000
    start = threading.Barrier(threads)

    def work(number: int) -> None:
        start.wait()
        for step in range(each):
            writer.log_metric(f"thread {number}", step * 1.0, step)
            if step % 100 == 0:
                writer.append(number + 1, b"%d" % step)
            if step % 250 == 0:
                writer.log_metrics({f"thread {number}.a": 1.0, f"thread {number}.b": 2.0}, step)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    writer.close()
    damage = []
    entries = read_all(writer.directory, limit=777, damage=damage)
    assert damage == []
    for number in range(threads):
        mine = [entry for entry in entries if isinstance(entry, RawPoint) and entry.name == f"thread {number}"]
        assert [entry.step for entry in mine] == list(range(each))
        records = [int(entry.payload) for entry in entries if isinstance(entry, Record) and entry.kind == number + 1]
        assert records == list(range(0, each, 100))
    assert len(entries) == threads * (each + each // 100 + 2 * (each // 250))


def test_segments_grow_up_to_their_limit(make_writer):
    writer = make_writer(first_slots=16, most_slots=64)
    for step in range(300):
        writer.log_metric("x", 1.0, step)
    with JournalReader(writer.directory) as reader:
        reader.read()
        capacities = [segment.header.capacity for _, segment in sorted(reader._open.items())]
    assert capacities[:3] == [16, 32, 64]
    assert set(capacities[2:]) == {64}


def test_what_was_prepared_and_not_used_is_gone_after_closing(make_writer):
    writer = make_writer()
    writer.log_metric("x", 1.0, 1)
    writer.close()
    assert sorted(path.name for path in writer.directory.iterdir()) == ["00000000.seg", "owner.json"]


def test_machine_durability_syncs_in_the_background(make_writer, monkeypatch):
    import trackbridge.journal.segment as segment

    synced = threading.Event()
    monkeypatch.setattr(segment.os, "fdatasync", lambda descriptor: synced.set())
    make_writer(durability="machine", sync_interval_s=0.01).log_metric("x", 1.0, 1)
    assert synced.wait(10)


def test_a_sync_that_fails_is_told(make_writer, monkeypatch):
    import trackbridge.journal.segment as segment

    def fail(descriptor: int) -> None:
        raise OSError(5, "no disk")

    writer = make_writer()
    monkeypatch.setattr(segment.os, "fdatasync", fail)
    with pytest.raises(OSError, match="no disk"):
        writer.sync()


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "fast"},
        {"durability": "never"},
        {"when_full": "panic"},
        {"first_slots": 8},
        {"first_slots": 64, "most_slots": 32},
        {"sync_interval_s": 0},
        {"max_bytes": 10},
    ],
    ids=str,
)
def test_impossible_options_are_refused(settings):
    with pytest.raises(ConfigurationError):
        JournalOptions(**settings)


def test_a_root_that_is_a_file_is_refused_and_left_alone(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigurationError, match="no journal can be kept"):
        JournalWriter(tmp_path / "file", new_run_id())
    assert (tmp_path / "file").read_text() == "mine"


def test_a_run_id_that_is_none_is_refused(tmp_path):
    with pytest.raises(Rejected):
        JournalWriter(tmp_path, "../..")


@pytest.mark.parametrize("name", ["", "..", "a/b", "x" * 65])
def test_a_writer_whose_name_cannot_be_a_directory_is_refused(tmp_path, name):
    with pytest.raises(Rejected):
        JournalWriter(tmp_path, new_run_id(), writer=name)
