import math

import pytest

from trackbridge.errors import Conflict, NotFound, Unsupported
from trackbridge.records.metrics import MetricPoint, MetricSummary
from trackbridge.testing.expect import contains, holds, raises, same


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (math.nan, float("nan")),
        ([1, (2.0,)], (1, [2.0])),
        ({"a": {"b": None}}, {"a": {"b": None}}),
        ({1, 2}, frozenset({2, 1})),
        (MetricPoint("a", 1, 2, math.nan), ("a", 1, 2, math.nan)),
        (MetricSummary(1.0, 0, 0, 1.0, 1.0, 1), MetricSummary(1.0, 0, 0, 1.0, 1.0, 1)),
    ],
)
def test_what_is_canonically_equal_is_the_same(left, right):
    same(left, right, "they")


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (True, 1, "got bool True, expected int 1"),
        (1, 1.0, "got int 1, expected float"),
        ("1", 1, "got str '1'"),
        (0.0, -0.0, "0x0000000000000000"),
        ([1, 2], [1], "got 2 items, expected 1"),
        ({"a": 1}, {"a": 1, "b": 2}, "'b' is missing"),
        ({"a": 1, "b": 2}, {"a": 1}, "'b' should not be there"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, "at [a][b][1]"),
        (MetricSummary(1.0, 0, 0, 1.0, 1.0, 1), MetricSummary(1.0, 0, 0, 1.0, 1.0, 2), "at [count]"),
    ],
)
def test_a_difference_is_named_at_its_place(left, right, words):
    with pytest.raises(AssertionError) as caught:
        same(left, right, "they")
    assert str(caught.value).startswith("they: ")
    assert words in str(caught.value)


def test_long_texts_are_shown_in_part():
    with pytest.raises(AssertionError) as caught:
        same("x" * 100_000, "y" * 100_000, "they")
    assert len(str(caught.value)) < 2_000


def test_conditions_and_parts():
    holds(1, "one")
    contains("abc", "b", "it")
    with pytest.raises(AssertionError, match="it does not hold that one"):
        holds(0, "one")
    with pytest.raises(AssertionError, match="it: d does not stand in abc"):
        contains("abc", "d", "it")


def test_an_error_that_was_expected_is_kept():
    with raises(Conflict, NotFound) as caught:
        raise NotFound("gone", clause="R1")
    assert str(caught) == "gone [R1]"


@pytest.mark.parametrize("error", [Conflict("x"), KeyError("x")])
def test_another_error_fails(error):
    with pytest.raises(AssertionError, match=f"it raised {type(error).__name__}"), raises(NotFound):
        raise error


def test_no_error_fails():
    with (
        pytest.raises(AssertionError, match="it raised nothing instead of NotFound or Conflict"),
        raises(NotFound, Conflict),
    ):
        pass


def test_what_a_capability_refuses_passes_through():
    with pytest.raises(Unsupported), raises(NotFound):
        raise Unsupported("cannot", capability="purge")
