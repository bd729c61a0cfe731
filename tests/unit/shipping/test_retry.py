"""Backoff and pace."""

import time

import pytest

from trackbridge.errors import Transient
from trackbridge.shipping.retry import Backoff, Pace


def test_backoff_doubles_to_its_most_and_begins_anew():
    backoff = Backoff(first_s=1.0, most_s=4.0)
    waits = [backoff.after(OSError()) for _ in range(6)]
    for wait, full in zip(waits, (1, 2, 4, 4, 4, 4), strict=True):
        assert full / 2 <= wait <= full
    backoff.reset()
    assert backoff.after(OSError()) <= 1.0


def test_backoff_waits_as_long_as_it_is_asked_to():
    assert Backoff().after(Transient("busy", retry_after_s=77.0)) == 77.0


def test_a_pace_spaces_calls():
    pace = Pace(100.0)
    begin = time.monotonic()
    for _ in range(6):
        pace.wait()
    assert time.monotonic() - begin >= 0.05


@pytest.mark.parametrize("rate", [None, 0])
def test_no_pace_waits_for_nothing(rate):
    begin = time.monotonic()
    for _ in range(1_000):
        Pace(rate).wait()
    assert time.monotonic() - begin < 0.5
