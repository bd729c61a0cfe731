"""Artifacts beside everything else: several at once, in order where that matters, tried again, taken up again (A1, A3)."""

import hashlib
import threading

import pytest

from trackbridge.errors import AuthError, Rejected, Transient
from trackbridge.records.log import LoggedArtifact
from trackbridge.records.writes import Stamp
from trackbridge.shipping.delivery import Ledger
from trackbridge.shipping.uploads import MOST_ODD, Uploads


def record(path, number=0):
    return LoggedArtifact(path, f"/{path}-{number}", 0, hashlib.sha256().hexdigest(), Stamp(number, "w", number), True)


class Bench:
    """A backend that takes files when it is told to."""

    def __init__(self, *paths, threads):
        self.lock = threading.Condition()
        self.begun, self.sent, self.errors = [], [], []
        self.open = threading.Event()
        self.ledger = Ledger("bench", required=True)
        self.uploads = Uploads(self.send, self.ledger)
        self.woken = threading.Semaphore(0)
        if threads:
            self.uploads.wake = self.woken.release
        else:
            self.open.set()
        for number, path in enumerate(paths):
            self.uploads.add(number, record(path, number))

    def send(self, given):
        with self.lock:
            self.begun.append(given.path)
            self.lock.notify_all()
        assert self.open.wait(20)
        with self.lock:
            if self.errors:
                raise self.errors.pop(0)
            self.sent.append((given.path, given.stamp.sequence))

    def await_begun(self, count):
        with self.lock:
            assert self.lock.wait_for(lambda: len(self.begun) >= count, 20)

    def run(self):
        """Advance until all are settled; give their slots in that order."""
        slots = []
        while self.uploads:
            slots += [slot for slot, _ in self.uploads.advance(hurry=True)]
            if self.uploads:
                assert self.uploads.wake is None or self.woken.acquire(timeout=20)
        return slots


def test_several_go_at_once():
    bench = Bench(*"abcdef", threads=True)
    assert bench.uploads.advance(hurry=False) == []
    bench.await_begun(4)
    assert sorted(bench.begun) == ["a", "b", "c", "d"]
    assert len(bench.uploads) == 6
    assert sorted(bench.uploads.slots()) == list(range(6))
    bench.open.set()
    assert sorted(bench.run()) == list(range(6))
    assert bench.ledger.snapshot(0, None).delivered == 6


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("second", ["a", "a/b"])
def test_of_two_in_each_others_way_the_later_waits(threads, second):
    bench = Bench("a", second, "c", threads=threads)
    if threads:
        bench.uploads.advance(hurry=False)
        bench.await_begun(2)
        assert sorted(bench.begun) == ["a", "c"]
        bench.open.set()
    bench.run()
    assert [each for each in bench.sent if each[0] != "c"] == [("a", 0), (second, 1)]


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("error", [Transient("busy"), AuthError("expired"), OSError("reset")])
def test_what_may_pass_is_tried_again(threads, error):
    bench = Bench("a", threads=threads)
    bench.open.set()
    bench.errors = [error, error]
    assert bench.run() == [0]
    state = bench.ledger.snapshot(0, None)
    assert (state.delivered, state.retried, state.rejected) == (1, 2, 0)
    assert bench.uploads.retry_at == 0.0


def test_after_a_failure_all_wait_until_somebody_hurries():
    bench = Bench("a", "b", threads=False)
    bench.errors = [Transient("busy", retry_after_s=3_600)]
    assert bench.uploads.advance(hurry=False) == []
    assert bench.uploads.retry_at > 0
    assert bench.uploads.advance(hurry=False) == []
    assert bench.begun == ["a"]
    assert [slot for slot, _ in bench.uploads.advance(hurry=True)] == [0, 1], "what failed comes first"


@pytest.mark.parametrize(
    ("error", "times", "clause"), [(Rejected("no", clause="A1"), 1, "A1"), (KeyError("x"), MOST_ODD, "X1")]
)
def test_what_never_can_be_is_a_dead_letter_and_the_rest_goes_on(error, times, clause):
    bench = Bench("a", "b", threads=False)
    bench.errors = [error] * times
    assert sorted(bench.run()) == [0, 1]
    assert bench.sent == [("b", 1)]
    state = bench.ledger.snapshot(0, None)
    assert (state.delivered, state.rejected) == (1, 1)
    assert [(letter.kind, letter.name, letter.clause) for letter in state.dead_letters] == [("artifact", "a", clause)]


def test_the_age_of_the_oldest_is_known():
    bench = Bench("a", "b", threads=True)
    bench.uploads = Uploads(bench.send, bench.ledger)
    bench.uploads.wake = bench.woken.release
    for number in (7, 5):
        bench.uploads.add(number, record(str(number), number))
    bench.uploads.advance(hurry=False)
    assert bench.uploads.oldest_ns == 5
    bench.open.set()
    bench.run()
    assert bench.uploads.oldest_ns == 0
