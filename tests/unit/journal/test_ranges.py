"""Sets of slots against Python's own sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import IntegrityError
from trackbridge.journal import Ranges

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=12)


def members(spans) -> set[int]:
    return {slot for start, stop in spans for slot in range(start, stop)}


@given(SPANS)
def test_holds_what_its_spans_hold(spans):
    ranges = Ranges.of(spans)
    assert {slot for slot in range(70) if slot in ranges} == members(spans)
    assert len(ranges) == len(members(spans))


@given(SPANS)
def test_has_as_few_spans_as_can_be(spans):
    ranges = Ranges.of(spans)
    assert all(stop < start for (_, stop), (start, _) in zip(ranges.spans, ranges.spans[1:], strict=False))


@given(SPANS, SPANS)
def test_a_union_holds_both(left, right):
    assert members((Ranges.of(left) | Ranges.of(right)).spans) == members(left) | members(right)


@given(SPANS, st.integers(0, 60), st.integers(0, 60))
def test_gaps_are_what_is_missing(spans, start, stop):
    gaps = list(Ranges.of(spans).gaps(start, stop))
    assert members(gaps) == set(range(start, stop)) - members(spans)
    assert Ranges.of(spans).covers(start, stop) == (not gaps)


@given(SPANS)
def test_comes_back_from_json(spans):
    assert Ranges.from_json(Ranges.of(spans).as_json()) == Ranges.of(spans)


@pytest.mark.parametrize("value", [None, 3, [1, 2], [["a", "b"]], [[1]]])
def test_refuses_what_is_no_set_of_ranges(value):
    with pytest.raises(IntegrityError):
        Ranges.from_json(value)
