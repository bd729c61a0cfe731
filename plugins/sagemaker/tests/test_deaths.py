"""What a writer that died between two requests leaves: nothing half, and the next delivery sets AWS's screen right."""

from __future__ import annotations

import pytest

from trackbridge.errors import TrackbridgeError
from trackbridge.protocol import open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, StatusWrite, TagWrite

pytestmark = pytest.mark.server

WRITES = RunWrites(
    params={"a": 1},
    tags=(TagWrite("t", "x", Stamp(1, "w", 1)),),
    status=StatusWrite(0, "FINISHED", 5_000, Stamp(1, "w", 2)),
)
STEPS = ("UpdateTrialComponent", "AddTags")


@pytest.mark.parametrize("operation", STEPS)
def test_a_death_while_the_screen_is_set(place, adapter, start, operation):
    run_id = start()
    place.account.fail("error", operation=operation, code="AccessDeniedException", times=None)
    with pytest.raises(TrackbridgeError):
        adapter.runs.write(run_id, WRITES)
    place.account.restore()
    fresh = open_backend(place.url).adapter
    run = fresh.runs.get([run_id])[run_id]
    assert (run.params, run.tags, run.status) == ({"a": 1}, {"t": "x"}, "FINISHED"), "the record says it already"
    assert fresh.runs.write(run_id, WRITES) == (), "the journal's cursor had not moved: it comes again"
    client = place.client("sagemaker")
    found = client.describe_trial_component(TrialComponentName=f"tb-{run_id}")
    assert (found["Status"], found["Parameters"]) == ({"PrimaryStatus": "Completed"}, {"a": {"NumberValue": 1.0}})
    assert client.list_tags(ResourceArn=found["TrialComponentArn"])["Tags"] == [{"Key": "t", "Value": "x"}]
    record = fresh.runs._records.existing(run_id)
    assert record["history"].keys() == {"status", "tag t"}, "who died may still be at work, for ten minutes"


@pytest.mark.parametrize("operation", ["CreateTrialComponent", "AssociateTrialComponent"])
@pytest.mark.parametrize("kind", ["error", "cut-after"])
def test_a_death_while_a_run_is_opened(place, adapter, operation, kind):
    adapter.experiments.ensure("exp")
    header = RunHeader(new_run_id(), "exp", 1_000)
    place.account.fail(
        kind, operation=operation, code="AccessDeniedException", times=1 if kind == "cut-after" else None
    )
    if kind == "error":
        with pytest.raises(TrackbridgeError):
            adapter.runs.create(header)
        place.account.restore()
    opened = open_backend(place.url).adapter.runs.create(header)
    found = place.client("sagemaker").describe_trial_component(TrialComponentName=f"tb-{header.id}")
    assert opened.native_id == found["TrialComponentArn"]
    (listed,) = place.client("sagemaker").list_trial_components(ExperimentName="exp")["TrialComponentSummaries"]
    assert listed["TrialComponentArn"] == opened.native_id


def test_writers_that_overtake_each_other_leave_the_last_word_on_the_screen(place, adapter, start):
    """One is held up between its record and the screen; the other writes both meanwhile."""
    run_id, other = start(), open_backend(place.url).adapter
    mirror = adapter.runs._mirror
    apply = mirror.apply

    def late(*arguments):
        mirror.apply = apply
        other.runs.write(run_id, RunWrites(tags=(TagWrite("t", "second", Stamp(2, "b", 1)),)))
        apply(*arguments)

    mirror.apply = late
    adapter.runs.write(run_id, RunWrites(tags=(TagWrite("t", "first", Stamp(1, "a", 1)),)))
    arn = adapter.runs.get([run_id])[run_id].native_id
    assert place.client("sagemaker").list_tags(ResourceArn=arn)["Tags"] == [{"Key": "t", "Value": "second"}]
    assert adapter.runs.get([run_id])[run_id].tags == {"t": "second"}
