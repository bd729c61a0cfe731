"""What was written shows in lists and searches only after a while, if a test wants it so."""

from __future__ import annotations

import time

import pytest

LAG = 60


def found(sagemaker, name="comp"):
    expression = {"Filters": [{"Name": "TrialComponentName", "Value": name}]}
    results = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=expression)["Results"]
    return results[0]["TrialComponent"] if results else None


def listed(sagemaker):
    return [one["TrialComponentName"] for one in sagemaker.list_trial_components()["TrialComponentSummaries"]]


def test_a_search_shows_what_was_so_long_ago(account, sagemaker, component):
    account.age(2 * LAG)
    account.turn(search_lag_s=LAG)
    sagemaker.add_tags(ResourceArn=component, Tags=[{"Key": "k", "Value": "v"}])
    sagemaker.update_trial_component(TrialComponentName="comp", DisplayName="new")
    sagemaker.disassociate_trial_component(TrialComponentName="comp", TrialName="trial")
    sagemaker.create_trial_component(TrialComponentName="young")
    assert sagemaker.describe_trial_component(TrialComponentName="comp")["DisplayName"] == "new"
    assert listed(sagemaker) == ["young", "comp"]
    before = found(sagemaker)
    assert (before["DisplayName"], len(before["Parents"]), before["Tags"]) == ("comp", 1, [])
    assert found(sagemaker, "young") is None
    account.age(LAG)
    after = found(sagemaker)
    assert (after["DisplayName"], after["Parents"], after["Tags"]) == ("new", [], [{"Key": "k", "Value": "v"}])
    assert found(sagemaker, "young") is not None


def test_a_list_shows_what_was_deleted_for_a_while(account, sagemaker):
    account.turn(list_lag_s=LAG)
    sagemaker.create_trial_component(TrialComponentName="comp")
    assert listed(sagemaker) == []
    account.age(LAG)
    assert listed(sagemaker) == ["comp"]
    sagemaker.delete_trial_component(TrialComponentName="comp")
    assert listed(sagemaker) == ["comp"]
    assert found(sagemaker) is None  # a search has a lag of its own
    account.age(LAG)
    assert listed(sagemaker) == []


def test_a_lag_passes_by_itself(account, sagemaker):
    account.turn(search_lag_s=0.3)
    sagemaker.create_trial_component(TrialComponentName="comp")
    deadline = time.monotonic() + 10
    while found(sagemaker) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_metrics_lag(account, sagemaker, metrics, component):
    account.turn(metrics_lag_s=LAG)
    point = {"MetricName": "m", "Timestamp": time.time(), "Value": 1.0, "Step": 0}
    metrics.batch_put_metrics(TrialComponentName="comp", MetricData=[point])
    query = {"MetricName": "m", "ResourceArn": component, "MetricStat": "Last"}
    by_step = {"Period": "IterationNumber", "XAxisType": "IterationNumber"}

    def shown():
        summaries = sagemaker.describe_trial_component(TrialComponentName="comp")["Metrics"]
        (result,) = metrics.batch_get_metrics(MetricQueries=[query | by_step])["MetricQueryResults"]
        return len(summaries), len(result["MetricValues"])

    assert shown() == (0, 0)
    account.age(LAG)
    assert shown() == (1, 1)


def test_a_lag_cannot_be_longer_than_the_past_that_is_kept(account):
    with pytest.raises(ValueError, match="search_lag_s is at most 120"):
        account.turn(search_lag_s=121)
