"""BatchPutMetrics and BatchGetMetrics: per-item errors, the window, what aggregation gives and loses."""

from __future__ import annotations

import time

import pytest

NOW = int(time.time())


def point(value, step=None, at=NOW, name="loss"):
    given = {"MetricName": name, "Timestamp": at, "Value": value}
    return given if step is None else {**given, "Step": step}


@pytest.fixture
def put(metrics, component):
    def put(*points):
        return metrics.batch_put_metrics(TrialComponentName="comp", MetricData=list(points)).get("Errors", [])

    return put


@pytest.fixture
def get(metrics, component):
    def get(statistic="Last", by="IterationNumber", period=None, name="loss", arn=component, **span):
        query = {"MetricName": name, "ResourceArn": arn, "MetricStat": statistic, "XAxisType": by}
        query |= {"Period": period or ("IterationNumber" if by == "IterationNumber" else "OneMinute"), **span}
        (result,) = metrics.batch_get_metrics(MetricQueries=[query])["MetricQueryResults"]
        return result

    return get


def series(result):
    assert result["Status"] == "Complete"
    return dict(zip(result["XAxisValues"], result["MetricValues"], strict=True))


def test_points_come_back_by_step(put, get):
    assert put(point(3.0, 2), point(1.0, 0), point(2.0, 1)) == []
    assert series(get()) == {0: 1.0, 1: 2.0, 2: 3.0}
    assert series(get(Start=1, End=1)) == {1: 2.0}
    assert series(get(name="other")) == {}


def test_reading_by_step_loses_repeated_steps_and_points_without_one(put, get):
    put(point(5.0, 0, NOW), point(7.0, 0, NOW - 60), point(9.0))
    assert series(get("Last")) == {0: 5.0}
    assert series(get("Count")) == {0: 2.0}
    assert [series(get(one))[0] for one in ("Min", "Max", "Avg", "StdDev")] == [5.0, 7.0, 6.0, 1.0]


@pytest.mark.parametrize(("axis", "unit"), [("s", 1), ("ms", 1000)])
def test_reading_by_time_gives_a_value_a_period(account, put, get, axis, unit):
    account.turn(metric_axis=axis)
    minute = NOW // 60 * 60 - 600
    put(point(1.0, at=minute + 1), point(3.0, at=minute + 59), point(5.0, at=minute + 60))
    assert series(get("Avg", "Timestamp")) == {minute * unit: 2.0, (minute + 60) * unit: 5.0}


def test_a_query_is_refused_for_itself(get, component):
    assert get(by="IterationNumber", period="OneMinute")["Status"] == "ValidationError"
    missing = get(arn=component.replace("/comp", "/nobody"))
    assert (missing["Status"], "does not exist" in missing["Message"]) == ("ValidationError", True)


def test_a_long_answer_is_cut_and_says_so(account, put, get):
    put(*(point(float(step), step) for step in range(5)))
    account.turn(points_per_query=3)
    result = get()
    assert (result["Status"], result["XAxisValues"]) == ("Truncated", [0, 1, 2])


def test_components_are_summarised(sagemaker, put):
    put(point(1.0, 0, NOW - 5), point(4.0, 1, NOW), point(2.0, 2, NOW - 9), point(1.0, name="acc"))
    acc, loss = sagemaker.describe_trial_component(TrialComponentName="comp")["Metrics"]
    figures = {name: loss[name] for name in ("MetricName", "Min", "Max", "Last", "Count")}
    assert figures == {"MetricName": "loss", "Min": 1.0, "Max": 4.0, "Last": 4.0, "Count": 3}
    assert (loss["Avg"], loss["StdDev"]) == (pytest.approx(7 / 3), pytest.approx(1.2472191))
    assert acc["MetricName"] == "acc"


@pytest.mark.parametrize("ago_s", [1_209_700, -7_300, None])
def test_a_point_outside_the_window_is_refused_alone(account, put, get, ago_s):
    at = 0 if ago_s is None else int(time.time()) - ago_s
    assert put(point(1.0, 0), point(2.0, 1, at)) == [{"Code": "VALIDATION_ERROR", "MetricIndex": 1}]
    assert series(get()) == {0: 1.0}
    account.turn(timestamp_window_s=None)
    assert put(point(2.0, 1, at)) == []
    assert series(get()) == {0: 1.0, 1: 2.0}


@pytest.mark.parametrize("ago_s", [1_209_500, -7_100])
def test_a_point_just_inside_the_window_is_taken(put, ago_s):
    assert put(point(1.0, 0, int(time.time()) - ago_s)) == []


def test_a_point_outside_the_window_may_fail_the_whole_call(account, metrics, refused, component, get):
    account.turn(timestamp_outside="request")
    request = {"TrialComponentName": "comp", "MetricData": [point(1.0, 0), point(2.0, 1, 0)]}
    assert refused(metrics.batch_put_metrics, **request)[0] == "ValidationException"
    assert series(get()) == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_a_switch(account, metrics, put, get, refused, value):
    request = {"TrialComponentName": "comp", "MetricData": [point(1.0, 0), point(value, 1)]}
    assert refused(metrics.batch_put_metrics, **request)[0] == "SerializationException"
    assert series(get()) == {}
    account.turn(non_finite="item")
    assert put(point(1.0, 0), point(value, 1)) == [{"Code": "VALIDATION_ERROR", "MetricIndex": 1}]
    account.turn(non_finite="accept")
    assert put(point(value, 1)) == []
    assert str(float(series(get())[1])) == str(value)


@pytest.mark.parametrize(("setting", "count"), [("keep", 2.0), ("overwrite", 1.0), ("conflict", 1.0)])
def test_the_same_point_again_is_a_switch(account, put, get, setting, count):
    account.turn(same_point=setting)
    assert put(point(1.0, 0)) == []
    again = put(point(2.0, 0))
    assert again == ([{"Code": "CONFLICT_ERROR", "MetricIndex": 0}] if setting == "conflict" else [])
    assert series(get("Count")) == {0: count}
    assert series(get("Last")) == {0: 1.0 if setting == "conflict" else 2.0}


def test_a_component_may_be_full(account, put):
    account.turn(metric_names_per_component=2)
    points = [point(1.0, name=name) for name in ("a", "b", "c", "a")]
    assert put(*points) == [{"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": 2}]


def test_single_items_fail_on_demand(account, put, get):
    account.fail("item", operation="BatchPutMetrics", code="INTERNAL_ERROR", index=1)
    points = [point(float(step), step) for step in range(3)]
    assert put(*points) == [{"Code": "INTERNAL_ERROR", "MetricIndex": 1}]
    assert series(get()) == {0: 0.0, 2: 2.0}
    assert put(points[1]) == []


def test_a_component_that_is_not_there_takes_no_points(account, metrics, refused):
    request = {"TrialComponentName": "nobody", "MetricData": [point(1.0)]}
    assert refused(metrics.batch_put_metrics, **request)[0] == "ValidationException"  # the model lists no error
    account.turn(missing_error="ResourceNotFound")
    assert refused(metrics.batch_put_metrics, **request)[0] == "ResourceNotFound"


def test_a_component_is_named_in_lower_case(sagemaker, metrics, refused):
    sagemaker.create_trial_component(TrialComponentName="MixedCase")
    request = {"MetricData": [point(1.0)]}
    assert refused(metrics.batch_put_metrics, TrialComponentName="MixedCase", **request)[0] == "ValidationException"
    assert "Errors" not in metrics.batch_put_metrics(TrialComponentName="mixedcase", **request)


def test_points_go_with_their_component(sagemaker, put, get):
    put(point(1.0, 0))
    sagemaker.disassociate_trial_component(TrialComponentName="comp", TrialName="trial")
    sagemaker.delete_trial_component(TrialComponentName="comp")
    sagemaker.create_trial_component(TrialComponentName="comp")
    assert series(get()) == {}
