"""A forked child never writes its parent's journal, and has its own when it logs."""

import multiprocessing
import os
import runpy
import threading

import pytest

from trackbridge.errors import Rejected
from trackbridge.journal import JournalReader, find_journals


def in_child(work) -> int:
    """Run `work` in a forked child; give its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def steps(directory) -> list:
    with JournalReader(directory) as reader:
        return [entry.step for entry in reader.read(limit=10**6).entries]


def test_a_child_gets_a_journal_of_its_own(make_writer, tmp_path):
    writer = make_writer()
    writer.log_metric("x", 1.0, 0)

    def work() -> None:
        for step in range(100, 150):
            writer.log_metric("x", 1.0, step)
        writer.append(1, b"child")
        os.kill(os.getpid(), 9)

    assert in_child(work) == -9
    for step in range(1, 50):
        writer.log_metric("x", 1.0, step)
    assert steps(writer.directory) == list(range(50))
    (other,) = set(find_journals(tmp_path, writer.identity.run)) - {writer.directory}
    with JournalReader(other) as reader:
        assert reader.identity.forked_from == writer.identity.writer
        assert reader.identity.pid != os.getpid()
        batch = reader.read()
    assert [entry.step for entry in batch.entries[:-1]] == list(range(100, 150))
    assert batch.entries[-1].payload == b"child"
    assert batch.finished


def test_a_child_that_logs_nothing_leaves_nothing(make_writer, tmp_path):
    writer = make_writer()
    writer.log_metric("x", 1.0, 0)
    assert in_child(lambda: None) == 0
    assert list(find_journals(tmp_path)) == [writer.directory]


def test_a_child_may_close_without_harm(make_writer):
    writer = make_writer()
    writer.log_metric("x", 1.0, 0)

    def work() -> None:
        writer.close()
        with pytest.raises(Rejected):
            writer.log_metric("x", 1.0, 1)

    assert in_child(work) == 0
    writer.log_metric("x", 1.0, 1)
    assert steps(writer.directory) == [0, 1]


def test_a_living_child_does_not_keep_its_parent_alive(make_writer):
    writer = make_writer()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    try:
        writer.close()
        with JournalReader(writer.directory) as reader:
            assert not reader.writer_alive()
    finally:
        os.close(writing)
        os.waitpid(pid, 0)


def test_forking_while_other_threads_log_harms_neither(make_writer, tmp_path):
    writer, stop = make_writer(), threading.Event()
    logged = []

    def log() -> None:
        while not stop.is_set():
            writer.log_metric("x", 1.0, len(logged))
            logged.append(None)

    threads = [threading.Thread(target=log)]
    threads[0].start()
    try:
        codes = [in_child(lambda: writer.log_metric("child", 1.0, 7)) for _ in range(10)]
    finally:
        stop.set()
        threads[0].join()
    assert codes == [0] * 10
    assert steps(writer.directory) == list(range(len(logged)))
    others = set(find_journals(tmp_path)) - {writer.directory}
    assert [steps(other) for other in others] == [[7]] * 10


# Run by its path: what a test module is called differs between pytest and a spawned process.
SPAWNED = """
from trackbridge.journal import JournalWriter
writer = JournalWriter(root, run)
writer.log_metric("x", 1.0, step)
writer.close()
"""


def test_spawned_processes_write_beside_each_other(make_writer, tmp_path):
    writer = make_writer()
    script = tmp_path / "spawned.py"
    script.write_text(SPAWNED)
    context = multiprocessing.get_context("spawn")
    given = [{"root": tmp_path, "run": writer.identity.run, "step": step} for step in range(2)]
    workers = [context.Process(target=runpy.run_path, args=(str(script), names)) for names in given]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    others = set(find_journals(tmp_path, writer.identity.run)) - {writer.directory}
    assert sorted(step for other in others for step in steps(other)) == [0, 1]
