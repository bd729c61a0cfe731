"""What AWS's own clients see of our runs, and what they change in them."""

from __future__ import annotations

import pytest

from trackbridge.protocol import Scan, open_backend
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.times import now_ms
from trackbridge.records.writes import AttributeWrite, RunWrites, Stamp, StatusWrite, TagWrite

pytestmark = pytest.mark.server


def stamp(n=1):
    return Stamp(n, "w", n)


def tags(**values):
    return tuple(TagWrite(name, value, stamp()) for name, value in values.items())


def ended(status, ended_ms=5_000):
    return RunWrites(status=StatusWrite(0, status, ended_ms, stamp()))


@pytest.fixture
def seen(place):
    """Give a component, and its tags, as boto3 sees them."""
    client = place.client("sagemaker")

    def seen(run_id):
        found = client.describe_trial_component(TrialComponentName=f"tb-{run_id}")
        return found, {
            one["Key"]: one["Value"] for one in client.list_tags(ResourceArn=found["TrialComponentArn"])["Tags"]
        }

    return seen


def test_a_run_is_a_component_in_a_trial_of_its_experiment(place, adapter, start, seen):
    run_id = start(started_ms=1_700_000_000_000)
    name = AttributeWrite("name", "gbm-baseline", stamp())
    data = DatasetRecord("features", "v3", "sha256:00ff", "s3://data/train.parquet", "training")
    params = {"lr": 0.1, "depth": 6, "loss": "log", "early": True, "text": "two\nlines", "rate": float("nan")}
    adapter.runs.write(run_id, RunWrites(params=params, tags=tags(team="risk"), attributes=(name,), datasets=(data,)))
    adapter.runs.write(run_id, ended("FINISHED", 1_700_000_100_000))
    found, native_tags = seen(run_id)
    assert (found["DisplayName"], found["Status"], native_tags) == (
        "gbm-baseline",
        {"PrimaryStatus": "Completed"},
        {"team": "risk"},
    )
    assert (found["EndTime"] - found["StartTime"]).total_seconds() == 100
    text = found["Parameters"].pop("text")["StringValue"]
    assert text.startswith("two␊lines… [sha256:")
    assert found["Parameters"] == {
        "lr": {"NumberValue": 0.1},
        "depth": {"NumberValue": 6.0},
        "loss": {"StringValue": "log"},
        "early": {"StringValue": "True"},
        "rate": {"StringValue": "nan"},
    }
    assert found["InputArtifacts"] == {"features [training]": {"Value": "s3://data/train.parquet"}}
    assert (
        found["OutputArtifacts"]["artifacts"]["Value"] == f"s3://{place.bucket}/{place.prefix}/runs/{run_id}/artifacts/"
    )
    client = place.client("sagemaker")
    (summary,) = client.list_trial_components(ExperimentName="exp")["TrialComponentSummaries"]
    assert summary["TrialComponentName"] == f"tb-{run_id}"


def test_a_dataset_is_in_the_lineage_of_all_that_used_it(place, adapter, start):
    data = DatasetRecord("features", "v3", "sha256:00ff", "s3://data/train.parquet", "training")
    arns = []
    for run_id in (start(), start()):
        adapter.runs.write(run_id, RunWrites(datasets=(data,)))
        adapter.runs.write(run_id, RunWrites(datasets=(data,)))
        arns.append(adapter.runs.get([run_id])[run_id].native_id)
    client = place.client("sagemaker")
    (artifact,) = client.list_artifacts(SourceUri=data.uri)["ArtifactSummaries"]
    assert "sha256:00ff" in [one["Value"] for one in artifact["Source"]["SourceTypes"]]
    links = client.list_associations(SourceArn=artifact["ArtifactArn"])["AssociationSummaries"]
    assert sorted(one["DestinationArn"] for one in links) == sorted(arns)


def test_more_params_and_tags_than_a_component_holds(adapter, start, seen):
    run_id = start()
    params, labels = {f"p{n:04}": n for n in range(1_000)}, {f"t{n:02}": str(n) for n in range(70)}
    adapter.runs.write(run_id, RunWrites(params=params, tags=tags(**labels)))
    found, native_tags = seen(run_id)
    assert (len(found["Parameters"]), len(native_tags)) == (300, 40)
    run = adapter.runs.get([run_id])[run_id]
    assert (run.params, run.tags) == (params, labels)


def test_runs_are_spread_over_trials_of_fifty(place, adapter, start):
    place.account.turn(components_per_trial=3, trials_per_experiment=3)
    runs = [start() for _ in range(11)]
    client = place.client("sagemaker")
    trials = client.list_trials(ExperimentName="exp")["TrialSummaries"]
    held = [client.list_trial_components(TrialName=one["TrialName"])["TrialComponentSummaries"] for one in trials]
    assert sorted(map(len, held)) == [3, 3, 3]
    assert {run.id for run in adapter.runs.scan(Scan(experiments=("exp",)))} == set(runs), (
        "two are in no trial, and found"
    )


def test_what_a_colleague_changed_wins(place, adapter, start):
    run_id = start()
    adapter.runs.write(run_id, RunWrites(params={"a": 1, "b": "x"}, tags=tags(kept="1", gone="1", other="1")))
    arn = adapter.runs.get([run_id])[run_id].native_id
    client = place.client("sagemaker")
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "kept", "Value": "theirs"}, {"Key": "new", "Value": "theirs"}])
    client.delete_tags(ResourceArn=arn, TagKeys=["gone"])
    client.update_trial_component(
        TrialComponentName=f"tb-{run_id}",
        DisplayName="their-name",
        Status={"PrimaryStatus": "Failed"},
        Parameters={"a": {"NumberValue": 2.0}, "c": {"StringValue": "theirs"}},
    )
    expected = (
        {"kept": "theirs", "new": "theirs", "other": "1"},
        {"a": 2.0, "b": "x", "c": "theirs"},
        "their-name",
        "FAILED",
    )
    for run in (adapter.runs.get([run_id])[run_id], *adapter.runs.scan(Scan(experiments=("exp",)))):
        assert (run.tags, run.params, run.name, run.status) == expected
    adapter.runs.write(run_id, RunWrites(tags=(TagWrite("kept", "ours again", stamp(9)),)))
    run = open_backend(place.url).adapter.runs.get([run_id])[run_id]
    assert run.tags == {"kept": "ours again", "new": "theirs", "other": "1"}


def test_a_lost_record_leaves_what_aws_shows(place, adapter, start):
    run_id = start()
    adapter.runs.write(run_id, RunWrites(params={"a": 0.5, "b": "x"}, tags=tags(team="risk")))
    adapter.runs.write(run_id, ended("FAILED"))
    place.client("s3").delete_object(Bucket=place.bucket, Key=f"{place.prefix}/runs/{run_id}/run.json")
    (run,) = open_backend(place.url).adapter.runs.scan(Scan(experiments=("exp",)))
    assert (run.params, run.tags, run.status, run.started_ms) == (
        {"a": 0.5, "b": "x"},
        {"team": "risk"},
        "FAILED",
        1_000,
    )


def test_a_deleted_run_bears_a_tag_and_a_purged_one_is_gone(place, adapter, start, seen):
    run_id = start()
    adapter.runs.set_deleted(run_id, deleted=True)
    assert seen(run_id)[1] == {"trackbridge.deleted": "true"}
    adapter.runs.set_deleted(run_id, deleted=False)
    assert seen(run_id)[1] == {}
    adapter.metrics.write(run_id, [MetricPoint("loss", 0, now_ms(), 1.0)])
    place.account.turn(list_lag_s=120)
    adapter.runs.purge(run_id)
    assert not place.account.client().search(Resource="ExperimentTrialComponent")["Results"]
    listed = place.client("s3").list_objects_v2(Bucket=place.bucket, Prefix=f"{place.prefix}/runs/{run_id}/")[
        "Contents"
    ]
    assert [one["Key"].rpartition("/")[2] for one in listed] == ["run.json"], "the spent id"


def test_metrics_are_on_aws_s_screens_within_bounds(place, adapter, start):
    run_id, now = start(), now_ms()
    points = [MetricPoint("loss", n, now, n / 10) for n in range(2_000)]
    odd = [
        MetricPoint("loss", -1, now, 1.0),
        MetricPoint("loss", 1, 1_000, 1.0),
        MetricPoint("loss", 3, now, float("inf")),
    ]
    adapter.metrics.write(run_id, [*points, *odd, MetricPoint("auc", 0, now, 0.5)])
    found = place.client("sagemaker").describe_trial_component(TrialComponentName=f"tb-{run_id}")["Metrics"]
    assert {one["MetricName"]: (one["Last"], one["Count"]) for one in found} == {"loss": (199.9, 50), "auc": (0.5, 1)}
    assert len(place.account.calls("BatchPutMetrics")) == 6
    assert len(list(adapter.metrics.read(run_id))) == 2_004


@pytest.mark.parametrize("code", ["VALIDATION_ERROR", "CONFLICT_ERROR", "INTERNAL_ERROR", "METRIC_LIMIT_EXCEEDED"])
def test_a_point_that_sagemaker_refuses_is_not_lost(place, adapter, start, code):
    run_id = start()
    place.account.fail("item", operation="BatchPutMetrics", code=code, index=1)
    points = [MetricPoint("loss", n, now_ms(), float(n)) for n in range(3)]
    assert adapter.metrics.write(run_id, points) == ()
    assert list(adapter.metrics.read(run_id)) == points
