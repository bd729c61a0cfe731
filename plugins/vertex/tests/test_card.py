"""A run's record: every value comes back by type, and what somebody changes outside wins (P2, X3)."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackbridge.errors import IntegrityError
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricPoint, summarize
from trackbridge.records.values import same_value
from trackbridge.records.writes import AttributeWrite, RunWrites, Stamp, StatusWrite, TagWrite
from trackbridge_vertex.card import PARAMS, STATE, TAGS, Card, read_card
from trackbridge_vertex.changes import add_points, apply, claim

SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=20)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=3), SCALARS, max_size=3)
STAMP = Stamp(5, "w", 1)


def card(**fields):
    return Card("0" * 32, "fraud", 0, **fields)


def again(card):
    """Give a card as it is read back: numbers of a Struct are float64."""
    return read_card(card.text(), json.loads(json.dumps(card.shown())))


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=6))
def test_params_come_back_by_type(params):
    made = card(params=params)
    back = again(made).params
    assert back.keys() == params.keys()
    assert all(same_value(back[name], value) for name, value in params.items())
    assert all(isinstance(value, str | bool) or math.isfinite(value) for value in made.shown()[PARAMS].values())
    whole = read_card(made.text(whole=True), {})
    assert all(same_value(whole.params[name], value) for name, value in params.items())


def test_everything_comes_back():
    made = card(parent="1" * 32, name="x", deleted=True, sidecar=True)
    status = StatusWrite(3, "KILLED", 0, STAMP)
    dataset = DatasetRecord("d", "1", "md5:00ff", "s3://b/d", "training", '{"a": 1}', 7)
    tags = (TagWrite("t", "", STAMP), TagWrite("gone", None, STAMP))
    attributes = (AttributeWrite("packages", ["a", 1], STAMP), AttributeWrite("gone", None, STAMP))
    apply(made, RunWrites(tags=tags, attributes=attributes, datasets=(dataset,), status=status))
    assert claim(made, 3, "nonce")
    add_points(made, [MetricPoint("m", 1, 2, math.nan), MetricPoint("m", 2, 2, -0.0)])
    back = again(made)
    assert again(back).text() == back.text() == made.text()
    assert back.status == status
    assert back.metrics["m"].metric.last_step == 2


def test_what_was_changed_outside_is_read():
    made = card(params={"n": 1, "text": "a"})
    apply(made, RunWrites(tags=(TagWrite("t", "ours", STAMP),)))
    shown = {**made.shown(), STATE: "FAILED", TAGS: {"t": "theirs"}, PARAMS: {"n": "one", "text": 2.5, "more": True}}
    back = read_card(made.text(), shown)
    assert (back.state, back.tags, back.params) == ("FAILED", {"t": "theirs"}, {"n": "one", "text": 2.5, "more": True})


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"v":2}', '{"v":1,"id":"x"}', '{"v":1,"id":"x","experiment":1,"started":1,"tags":3}']
)
def test_a_damaged_record_is_named(text):
    with pytest.raises(IntegrityError):
        read_card(text, {})


def test_a_param_is_written_once_and_a_tag_by_the_greatest_stamp():
    made = card()
    assert apply(made, RunWrites(params={"a": 1}, tags=(TagWrite("t", "new", Stamp(2, "w", 1)),))) == ()
    (refused,) = apply(made, RunWrites(params={"a": 1.0}, tags=(TagWrite("t", "old", Stamp(1, "w", 1)),)))
    assert (refused.kind, refused.name, refused.clause) == ("param", "a", "P3")
    assert (made.params, made.tags) == ({"a": 1}, {"t": "new"})


def test_an_epoch_is_claimed_once_and_again_by_the_same():
    made = card()
    assert [claim(made, 1, "a"), claim(made, 1, "b"), claim(made, 1, "a"), claim(made, 2, "b")] == [
        True,
        False,
        True,
        True,
    ]


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=5), max_size=6))
def test_summaries_are_those_of_the_series_and_counts_only_where_they_are_sure(batches):
    made, series = card(), {}
    for n, steps in enumerate(batches):
        points = [MetricPoint("m", step, step, step * 0.5) for step in dict.fromkeys(steps)]
        series |= {point.step: point for point in points}
        add_points(made, points)
        if n % 2:
            add_points(made, points)  # a delivery whose answer was lost
    true = summarize(series.values())
    if true is None:
        assert made.metrics == {}
        return
    summary = made.metrics["m"]
    own = summary.metric
    assert (own.last, own.last_step, own.min, own.max) == (true.last, true.last_step, true.min, true.max)
    assert own.count == true.count if summary.counted else own.count == 0
