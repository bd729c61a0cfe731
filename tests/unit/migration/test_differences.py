import pytest

from trackbridge.migration.differences import Difference, form_differences, point_differences
from trackbridge.records.artifacts import ArtifactRecord
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.digests import canonical_content, canonical_run
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.runs import RunRecord


def run(**fields):
    return RunRecord(
        **{"id": "a" * 32, "name": "n", "experiment": "e", "status": "FINISHED", "started_ms": 1, **fields}
    )


def points(*triples):
    return [MetricPoint("loss", *triple) for triple in triples]


def form(record=None, series=(), artifacts=()):
    return canonical_run(record or run(), [("loss", series)] if series else [], artifacts)


def test_equal_forms_do_not_differ() -> None:
    assert form_differences(form(), form()) == []


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ({"params": {"a": 1}}, {"params": {"a": 1.0}}, Difference("params.a", "1", "1.0")),
        ({"params": {"a": True}}, {"params": {"a": "True"}}, Difference("params.a", "True", "'True'")),
        ({"params": {"a": 0.0}}, {"params": {"a": -0.0}}, Difference("params.a", "0.0", "-0.0")),
        ({"params": {"a": 1}}, {}, Difference("params.a", "1", None)),
        ({"tags": {"t": "x"}}, {"tags": {"t": "y"}}, Difference("tags.t", "'x'", "'y'")),
        ({"status": "FAILED"}, {}, Difference("status", "'FAILED'", "'FINISHED'")),
        ({"ended_ms": 9}, {"ended_ms": 10}, Difference("ended_ms", "9", "10")),
        ({"attributes": {"notes": "a"}}, {}, Difference("attributes.notes", "'a'", None)),
    ],
)
def test_one_difference_is_named(left, right, expected) -> None:
    assert form_differences(form(run(**left)), form(run(**right))) == [expected]


def test_artifacts_and_data_sets_are_named() -> None:
    left = form(run(datasets=(DatasetRecord("d", digest="md5:1"),)), artifacts=[ArtifactRecord("a/b", 1, "0" * 64)])
    right = form(run(datasets=(DatasetRecord("d", digest="md5:2"),)), artifacts=[ArtifactRecord("a/b", 2, "1" * 64)])
    assert [difference.what for difference in form_differences(left, right)] == ["artifacts.a/b", "datasets.d"]


def test_the_same_data_set_twice_is_two_facts() -> None:
    twice = (DatasetRecord("d", context="train"), DatasetRecord("d", context="test"))
    found = form_differences(form(run(datasets=twice)), form(run(datasets=twice[:1])))
    assert len(found) >= 1
    assert {difference.what for difference in found} <= {"datasets.d", "datasets.d (2)"}


def test_a_series_is_one_difference() -> None:
    left, right = form(series=points((0, 1, 0.5))), form(series=points((0, 1, 0.25)))
    assert [difference.what for difference in form_differences(left, right)] == ["metrics.loss"]


def test_content_forms_can_be_compared_too() -> None:
    left, right = (canonical_content(run(params={"a": n}), [], []) for n in (1, 2))
    assert form_differences(left, right) == [Difference("params.a", "1", "2")]


def test_steps_that_differ() -> None:
    left = points((0, 1, 0.5), (1, 2, 0.4), (2, 3, 0.3))
    right = points((0, 1, 0.5), (2, 3, 0.25), (3, 4, 0.2))
    assert list(point_differences(left, right, timed=False)) == [
        Difference("step 1", "0.4", None),
        Difference("step 2", "0.3", "0.25"),
        Difference("step 3", None, "0.2"),
    ]


def test_times_count_only_when_asked() -> None:
    left, right = points((0, 1, 0.5)), points((0, 2, 0.5))
    assert list(point_differences(left, right, timed=False)) == []
    assert list(point_differences(left, right, timed=True)) == [Difference("step 0", "0.5 at 1 ms", "0.5 at 2 ms")]


def test_every_bit_of_a_value_counts_and_nan_is_one() -> None:
    nan = float("nan")
    assert list(point_differences(points((0, 1, nan)), points((0, 1, nan)), timed=True)) == []
    assert list(point_differences(points((0, 1, 0.0)), points((0, 1, -0.0)), timed=False)) == [
        Difference("step 0", "0.0", "-0.0")
    ]


def test_a_lost_duplicate_shows() -> None:
    left = points((0, 1, 0.5), (0, 2, 0.5))
    assert list(point_differences(left, left[:1], timed=False)) == [Difference("step 0", "0.5, 0.5", "0.5")]


def test_only_the_first_steps_are_told() -> None:
    left = points(*((step, 1, 0.5) for step in range(100)))
    assert [one.what for one in point_differences(left, [], timed=True)] == [f"step {n}" for n in range(5)]
