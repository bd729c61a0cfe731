"""Telling a living writer from a dead one, and a copy from the original."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from trackbridge.journal import JournalReader, owner
from trackbridge.journal.owner import is_alive, read_identity, try_lock

CHILD = """
import sys, time
from pathlib import Path
from trackbridge.journal import JournalWriter
from trackbridge.records.ids import new_run_id
writer = JournalWriter(Path(sys.argv[1]), new_run_id())
print(writer.directory, flush=True)
sys.stdin.read()
"""


def test_a_writer_lives_until_it_closes(make_writer):
    writer = make_writer()
    assert is_alive(writer.directory)
    assert read_identity(writer.directory) == writer.identity
    assert writer.identity.pid == os.getpid()
    writer.close()
    assert not is_alive(writer.directory)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_writer_is_dead_at_once(tmp_path, number):
    from pathlib import Path

    with subprocess.Popen(
        [sys.executable, "-c", CHILD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        directory = Path(child.stdout.readline().decode().strip())
        assert is_alive(directory)
        child.send_signal(number)
        child.wait()
    assert not is_alive(directory)
    with JournalReader(directory) as reader:
        assert reader.read().finished
        assert not reader.ended_cleanly()


def test_a_copy_has_no_living_writer(make_writer, tmp_path):
    writer = make_writer()
    writer.log_metric("x", 1.0, 1)
    copy = shutil.copytree(writer.directory, tmp_path / "copy", ignore=shutil.ignore_patterns("*.new"))
    assert not is_alive(copy)
    with JournalReader(copy) as reader:
        batch = reader.read()
    assert len(batch.entries) == 1
    assert batch.finished


def rewrite(directory, **changes) -> None:
    path = directory / "owner.json"
    values = json.loads(path.read_text()) | changes
    with path.open("r+") as file:  # in place: the lock lies on this very file
        file.truncate()
        file.write(json.dumps(values))


def test_a_lock_that_a_stranger_holds_does_not_keep_a_writer_alive(make_writer):
    writer = make_writer()
    rewrite(writer.directory, started="1")  # the process that wrote it is gone; its pid was used again
    assert not is_alive(writer.directory)


def test_a_lock_held_on_another_machine_or_in_another_container_counts(make_writer):
    writer = make_writer()
    rewrite(writer.directory, boot="elsewhere", started="1")
    assert is_alive(writer.directory)
    rewrite(writer.directory, boot=writer.identity.boot, pid_namespace="pid:[1]")
    assert is_alive(writer.directory)


@pytest.mark.parametrize(("changes", "alive"), [({}, True), ({"started": "1"}, False), ({"boot": "elsewhere"}, False)])
def test_without_locks_the_process_is_looked_for(make_writer, monkeypatch, changes, alive):
    writer = make_writer()
    rewrite(writer.directory, **changes)
    monkeypatch.setattr(owner, "try_lock", lambda descriptor, shared=False: None)
    assert is_alive(writer.directory) is alive


def test_locks_exclude_each_other(tmp_path):
    first, second = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    try:
        assert try_lock(first) is True
        assert try_lock(second) is False
        os.close(first)
        assert try_lock(second, shared=True) is True
    finally:
        os.close(second)
