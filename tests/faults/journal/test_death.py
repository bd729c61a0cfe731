"""What a returned call was given is read after any death of the process."""

import os
import random
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trackbridge.journal import JournalReader, RawPoint, find_journals
from trackbridge.records.ids import new_run_id

CHILD = Path(__file__).with_name("child.py")


class Trial:
    """One child, and what it said it had logged."""

    def __init__(self, root: Path, mode: str, slots: int, threads: int, end: str) -> None:
        self.run = new_run_id()
        self.root = root
        self.accepted = dict.fromkeys(range(threads), 0)
        command = [sys.executable, CHILD, root, self.run, mode, str(slots), str(threads), end]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def finish(self, *, kill_after_s: float | None = None) -> int:
        output = self.child.stdout
        data = output.read1(4096)  # the first calls have returned
        if kill_after_s is not None:
            deadline = time.monotonic() + kill_after_s
            while time.monotonic() < deadline:
                data += output.read1(1 << 16)
            self.child.kill()
        data += output.read()
        output.close()
        for number, count in struct.iter_unpack("<BI", data[: len(data) // 5 * 5]):
            self.accepted[number] = max(self.accepted[number], count)
        return self.child.wait()

    def check(self) -> bool:
        """Every accepted record is there, right, in order; tell whether the death fell into a roll-over."""
        (directory,) = find_journals(self.root, self.run)
        with JournalReader(directory) as reader:
            batch = reader.read(limit=10**9, limit_bytes=10**9)
            assert batch.finished
            assert all(found.kind in {"hole", "torn"} for found in batch.damage)
            assert len(batch.damage) <= len(self.accepted)
            last = max(entry.slot for entry in batch.entries)
            (held,) = [s for s in reader._open.values() if s.header.first <= last < s.header.end]
            in_roll_over = last == held.regions[0][1] - 1
        for number, count in self.accepted.items():
            mine = [entry for entry in batch.entries if _thread(entry) == number]
            steps = [entry.step if isinstance(entry, RawPoint) else int(entry.payload) for entry in mine]
            assert steps == list(range(len(steps)))
            assert count <= len(steps) <= count + 1  # the call under way may have come through
            assert all(entry.value == entry.step for entry in mine if isinstance(entry, RawPoint))
        return in_roll_over


def _thread(entry) -> int:
    return int(entry.name[1:]) if isinstance(entry, RawPoint) else entry.kind - 1


def kill(root: Path, trials: int, mode: str, threads: int) -> int:
    """Kill children at random moments; give how many of them were rolling over."""
    chance, rolling = random.Random(trials * 10 + threads), 0
    for number in range(trials):
        slots = 16 if number % 2 else chance.choice([64, 4096])
        trial = Trial(root, mode, slots, threads, "kill")
        assert trial.finish(kill_after_s=chance.uniform(0, 0.1)) == -9
        assert sum(trial.accepted.values()) > 0
        rolling += trial.check()
    return rolling


@pytest.mark.parametrize("mode", ["mapped", "plain"])
def test_sigkill_loses_nothing(tmp_path, mode):
    assert sum(kill(tmp_path, 5, mode, threads) for threads in (1, 4)) >= 1


@pytest.mark.full
@pytest.mark.parametrize("mode", ["mapped", "plain"])
@pytest.mark.parametrize("threads", [1, 4])
def test_sigkill_loses_nothing_in_a_hundred_trials(tmp_path, mode, threads):
    assert kill(tmp_path, 100, mode, threads) >= 10


@pytest.mark.parametrize("mode", ["mapped", "plain"])
@pytest.mark.parametrize(("end", "code"), [("_exit", 3), ("exit", 4), ("raise", 1), ("leave", 0), ("close", 0)])
def test_any_other_end_loses_nothing(tmp_path, mode, end, code):
    trial = Trial(tmp_path, mode, 64, 3, end)
    assert trial.finish() == code
    assert set(trial.accepted.values()) == {400}
    trial.check()
    (directory,) = find_journals(tmp_path, trial.run)
    with JournalReader(directory) as reader:
        assert reader.ended_cleanly() is (end == "close")


INTERRUPTED = """
import os, signal, struct, sys
from pathlib import Path
from trackbridge.journal import JournalOptions, JournalWriter
root, run, mode = sys.argv[1:]
armed = False
def strike(number, frame):
    global armed
    if armed:
        armed = False
        raise KeyboardInterrupt
signal.signal(signal.SIGINT, strike)
writer = JournalWriter(Path(root), run, options=JournalOptions(mode=mode, first_slots=64, most_slots=256))
os.write(1, b"ready\\n")
accepted, step, struck = [], 0, 0
while struck < 200:
    try:
        while True:
            armed = True
            step += 1  # first, so that no step is ever used twice
            if step % 20:
                writer.log_metric("x", float(step), step)
            else:
                writer.append(1, b"%d" % step)
            accepted.append(step)
    except KeyboardInterrupt:
        struck += 1
signal.signal(signal.SIGINT, signal.SIG_IGN)
writer.close()
os.write(1, struct.pack(f"<{len(accepted)}I", *accepted))
"""


@pytest.mark.parametrize("mode", ["mapped", "plain"])
def test_a_storm_of_interrupts_loses_nothing(tmp_path, mode):
    run = new_run_id()
    command = [sys.executable, "-c", INTERRUPTED, tmp_path, run, mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout.readline() == b"ready\n"
        os.set_blocking(child.stdout.fileno(), False)
        data, chance = b"", random.Random(mode)
        while child.poll() is None:
            child.send_signal(2)
            time.sleep(chance.uniform(0, 0.002))
            data += child.stdout.read() or b""
        data += child.stdout.read() or b""
    assert child.returncode == 0
    accepted = {step for (step,) in struct.iter_unpack("<I", data)}
    (directory,) = find_journals(tmp_path, run)
    with JournalReader(directory) as reader:
        batch = reader.read(limit=10**9, limit_bytes=10**9)
    found = [entry.step if isinstance(entry, RawPoint) else int(entry.payload) for entry in batch.entries]
    assert len(found) == len(set(found))
    assert accepted <= set(found)
    assert len(set(found) - accepted) <= 200  # calls that were interrupted after their record was written
    assert found == sorted(found)
    assert {damage.kind for damage in batch.damage} <= {"hole"}
