"""What was written shows in lists and searches only after a while, if a test wants it so."""

from __future__ import annotations

import time

import pytest

SOON = 0.4


def shown(sagemaker, name="comp"):
    expression = {"Filters": [{"Name": "TrialComponentName", "Value": name}]}
    results = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=expression)["Results"]
    return results[0]["TrialComponent"] if results else None


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_search_lags(account, sagemaker, component):
    wait_until(lambda: shown(sagemaker) is not None)
    account.turn(search_lag_s=SOON)
    sagemaker.add_tags(ResourceArn=component, Tags=[{"Key": "k", "Value": "v"}])
    sagemaker.update_trial_component(TrialComponentName="comp", DisplayName="new")
    sagemaker.disassociate_trial_component(TrialComponentName="comp", TrialName="trial")
    sagemaker.create_trial_component(TrialComponentName="young")
    assert sagemaker.describe_trial_component(TrialComponentName="comp")["DisplayName"] == "new"
    assert len(sagemaker.list_trial_components()["TrialComponentSummaries"]) == 2
    assert shown(sagemaker, "young") is None
    wait_until(lambda: shown(sagemaker, "young") is not None)
    now = shown(sagemaker)
    assert (now["DisplayName"], now.get("Parents"), now["Tags"]) == ("new", [], [{"Key": "k", "Value": "v"}])


def test_what_was_deleted_shows_for_a_while(account, sagemaker):
    account.turn(search_lag_s=SOON, list_lag_s=SOON)
    sagemaker.create_trial_component(TrialComponentName="comp")
    assert sagemaker.list_trial_components()["TrialComponentSummaries"] == []
    wait_until(lambda: shown(sagemaker) is not None)
    sagemaker.delete_trial_component(TrialComponentName="comp")
    assert shown(sagemaker) is not None
    assert len(sagemaker.list_trial_components()["TrialComponentSummaries"]) == 1
    wait_until(lambda: shown(sagemaker) is None)


def test_an_update_shows_later(account, sagemaker):
    sagemaker.create_trial_component(TrialComponentName="comp", DisplayName="old")
    wait_until(lambda: shown(sagemaker) is not None)
    time.sleep(SOON)  # so that the creation is older than the lag
    account.turn(search_lag_s=SOON)
    sagemaker.update_trial_component(TrialComponentName="comp", DisplayName="new")
    assert shown(sagemaker)["DisplayName"] == "old"
    wait_until(lambda: shown(sagemaker)["DisplayName"] == "new")


def test_metrics_lag(account, sagemaker, metrics, component):
    account.turn(metrics_lag_s=SOON)
    point = {"MetricName": "m", "Timestamp": time.time(), "Value": 1.0}
    metrics.batch_put_metrics(TrialComponentName="comp", MetricData=[point])
    described = sagemaker.describe_trial_component
    assert described(TrialComponentName="comp")["Metrics"] == []
    wait_until(lambda: described(TrialComponentName="comp")["Metrics"])


def test_a_lag_cannot_be_longer_than_the_past_that_is_kept(account):
    with pytest.raises(ValueError, match="search_lag_s is at most 120"):
        account.turn(search_lag_s=121)
