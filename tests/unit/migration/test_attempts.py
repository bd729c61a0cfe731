"""A unit is tried again while that may help, and never for longer than all units together may wait."""

from __future__ import annotations

import pytest

from trackbridge.errors import NotFound, Transient
from trackbridge.migration.attempts import Patience, attempt
from trackbridge.migration.outcomes import Outcome


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("trackbridge.migration.attempts.time.monotonic", lambda: now[0])
    monkeypatch.setattr(
        "trackbridge.migration.attempts.time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds)
    )
    return now


def failing(times: int, error: Exception):
    left = [times]

    def carry() -> Outcome:
        if left[0]:
            left[0] -= 1
            raise error
        return Outcome("run", "a", "copied")

    return carry


def test_what_fails_in_passing_is_done_again(clock) -> None:
    assert attempt("run", "a", failing(5, Transient("down")), Patience(60)).state == "copied"
    assert 0 < clock[0] < 60


def test_a_backend_that_asks_to_wait_is_waited_for(clock) -> None:
    attempt("run", "a", failing(1, Transient("429", retry_after_s=7.0)), Patience(60))
    assert clock[0] >= 7


def test_what_can_never_work_is_recorded_at_once(clock) -> None:
    outcome = attempt("run", "a", failing(1, NotFound("gone", clause="R1", remedy="Look.")), Patience(60))
    assert (outcome.state, clock[0]) == ("failed", 0)
    assert (outcome.failure.kind, outcome.failure.message) == ("NotFound", "gone")
    assert (outcome.failure.clause, outcome.failure.remedy) == ("R1", "Look.")


def test_a_fault_that_is_none_of_ours_is_recorded_too(clock) -> None:
    outcome = attempt("model", "m", failing(1, KeyError("x")), Patience(60))
    assert (outcome.kind, outcome.failure.kind) == ("model", "KeyError")


def test_patience_is_shared_and_comes_back_with_a_success(clock) -> None:
    patience = Patience(30)
    assert attempt("run", "a", failing(10**9, Transient("down")), patience).state == "failed"
    spent = clock[0]
    assert 15 < spent <= 30
    assert attempt("run", "b", failing(10**9, Transient("down")), patience).state == "failed"
    assert clock[0] <= 30
    clock[0] = 1_000.0
    assert attempt("run", "c", failing(0, Transient("")), patience).state == "copied"
    assert attempt("run", "d", failing(3, Transient("down")), patience).state == "copied"
