"""Steps and times left open (M3)."""

import json

from hypothesis import given
from hypothesis import strategies as st

from trackbridge.records.log import LoggedSeries
from trackbridge.records.metrics import MAX_STEP
from trackbridge.shipping import PointResolver

logged = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.none() | st.integers(-3, 3),
        st.integers(1_000, 1_004),
        st.just(1.0),
        st.booleans(),
    ),
    max_size=60,
)


def test_a_series_counts_from_zero_and_from_its_greatest():
    resolver = PointResolver({"old": 7})
    steps = [resolver.resolve((name, step, 1, 0.0, True)).step for name, step in
             [("new", None), ("new", None), ("new", 10), ("new", 4), ("new", None), ("old", None), ("neg", -5), ("neg", None)]]  # fmt: skip
    assert steps == [0, 1, 10, 4, 11, 8, -5, -4]


def test_behind_the_greatest_of_steps_none_is_lost():
    resolver = PointResolver({"m": MAX_STEP - 1})
    points = [resolver.resolve(("m", None, 100, float(n), True)) for n in range(3)]
    assert [(point.step, point.timestamp_ms) for point in points] == [(MAX_STEP, 100), (MAX_STEP, 101), (MAX_STEP, 102)]


def test_ties_move_on_in_the_order_of_the_calls():
    resolver = PointResolver()
    times = [resolver.resolve(("a", 0, 100, float(n), True)).timestamp_ms for n in range(4)]
    assert times == [100, 101, 102, 103]
    assert resolver.resolve(("a", 1, 100, 0.0, True)).timestamp_ms == 100
    assert resolver.resolve(("a", 0, 102, 0.0, True)).timestamp_ms == 104
    assert resolver.resolve(("a", 0, 200, 0.0, True)).timestamp_ms == 200


def test_times_that_were_given_are_kept():
    resolver = PointResolver()
    assert [resolver.resolve(("a", 0, 100, 0.0, False)).timestamp_ms for _ in range(2)] == [100, 100]


def test_a_clock_that_is_set_back_does_not_tie():
    resolver = PointResolver()
    times = [resolver.resolve(("a", 0, now, 0.0, True)).timestamp_ms for now in (100, 200, 100, 150, 200)]
    assert len(set(times)) == 5


@given(logged)
def test_stamped_times_never_tie(points):
    resolver = PointResolver()
    resolved = [(resolver.resolve(point), point[4]) for point in points]
    stamped = [(p.name, p.step, p.timestamp_ms) for p, ours in resolved if ours]
    assert len(set(stamped)) == len(stamped)


@given(logged)
def test_the_same_points_give_the_same_answers(points):
    one, other = PointResolver(), PointResolver()
    assert list(map(one.resolve, points)) == list(map(other.resolve, points))


def test_a_series_resolves_as_its_points_would():
    resolver = PointResolver()
    resolver.resolve(("a", None, 5, 0.0, True))
    series = list(resolver.resolve_series(LoggedSeries("a", None, None, (1.0, 2.0), 5)))
    assert [(p.step, p.timestamp_ms, p.value) for p in series] == [(1, 5, 1.0), (2, 5, 2.0)]
    given_all = LoggedSeries("a", (9, 9), (7, 7), (1.0, 2.0), 5)
    assert [(p.step, p.timestamp_ms) for p in resolver.resolve_series(given_all)] == [(9, 7), (9, 7)]
    assert resolver.resolve(("a", None, 5, 0.0, True)).step == 10


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.none() | st.integers(-3, 3), st.integers(0, 4), st.booleans()), max_size=40
    ),
    st.integers(0, 40),
)
def test_a_restart_changes_nothing(calls, at):
    points = [(name, step, time_ms, float(n), stamped) for n, (name, step, time_ms, stamped) in enumerate(calls)]
    straight = PointResolver({"a": 7})
    expected = [straight.resolve(point) for point in points]
    first = PointResolver({"a": 7})
    before = [first.resolve(point) for point in points[:at]]
    second = PointResolver.restored(json.loads(json.dumps(first.state())))
    assert before + [second.resolve(point) for point in points[at:]] == expected
    assert second.greatest == straight.greatest
