"""An account that takes one request a second: all arrives, by few requests."""

from __future__ import annotations

import pytest

import trackbridge as tb
from trackbridge.config import configure

pytestmark = pytest.mark.server


@pytest.fixture
def settings(tmp_path):
    configure(journal_dir=str(tmp_path), shipper="thread", connect_timeout_s=120.0, finish_timeout_s=240.0)
    yield
    configure(journal_dir=None, shipper=None, connect_timeout_s=None, finish_timeout_s=None)


def test_a_throttled_account_gets_all(place, settings):
    place.account.turn(throttle_rps=1.0, throttle_burst=1)
    with tb.start_run("throttled", backend=place.url, params={"lr": 0.1}, tags={"team": "risk"}, capture=False) as run:
        for step in range(300):
            run.log_metric("loss", 1 / (step + 1), step=step)
        run.log_text("weights", "model/weights.txt")
        run.set_tag("late", "x")
    calls = place.account.calls()
    assert any(call.outcome == "ThrottlingException" for call in calls)
    place.account.turn(throttle_rps=None)
    with tb.connect(place.url) as store:
        record = store.runs.get(run.id)
        assert (record.status, record.params, record.tags) == ("FINISHED", {"lr": 0.1}, {"team": "risk", "late": "x"})
        assert [point.step for point in store.metrics.read(run.id)] == list(range(300))
        assert [one.path for one in store.artifacts.list(run.id)] == ["model/weights.txt"]
        assert store.runs.differences(run.id) == ()
    shown = place.client("sagemaker").describe_trial_component(TrialComponentName=f"tb-{run.id}")
    assert shown["Status"]["PrimaryStatus"] == "Completed"
