"""A run that is loaded at once is the run that was meant, however much there is of it (C1)."""

from __future__ import annotations

from typing import Any

import pytest

from trackbridge.protocol import Scope
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite

STAMP = Stamp(1, "w", 1)


@pytest.mark.parametrize(
    ("params", "tags", "objects", "points"),
    [
        (3, 2, {"sidecar/a": b"1"}, 10),
        (0, 0, {}, 0),
        (250, 150, {"sidecar/a": b"1", "environment/big": bytes(range(256)) * 2_000, "gate/b": b"2"}, 2_500),
        (90, 3, {f"environment/{n}": b"x" * 100 for n in range(120)}, 910),
    ],
)
def test_it_holds_all_that_was_given(
    direct: Any, name: Any, params: int, tags: int, objects: dict, points: int
) -> None:
    experiment, run_id = name("bulk"), new_run_id()
    direct.experiments.ensure(experiment)
    writes = RunWrites(
        {f"p{n}": f"{n}" for n in range(params)},
        tuple(TagWrite(f"t{n}", "v" * 100, STAMP) for n in range(tags)),
        (AttributeWrite("name", "shown", STAMP), AttributeWrite("source.user", "ann", STAMP)),
        (),
        StatusWrite(0, "FAILED", 9_000, STAMP),
    )
    series = [MetricPoint("m", step, 1_000 + step, step / 7) for step in range(points)]
    batches = [series[n : n + 700] for n in range(0, points, 700)]
    for _ in range(2):  # the second time it is there already
        header = RunHeader(run_id, experiment, 5)
        assert direct.bulk.load(header, writes, iter(batches), objects=iter(objects.items())) == ()

    run = direct.runs.get([run_id])[run_id]
    assert dict(run.params) == writes.params
    assert {key: text for key, text in run.tags.items() if key.startswith("t")} == {
        w.name: w.value for w in writes.tags
    }
    assert (run.name, run.attributes["source.user"]) == ("shown", "ann")
    assert (run.status, run.started_ms, run.ended_ms) == ("FAILED", 5, 9_000)
    assert list(direct.metrics.read(run_id)) == series
    scope = Scope("run", run_id)
    assert {one.name: direct.objects.get(scope, one.name) for one in direct.objects.list(scope)} == objects


def test_a_glance_sees_what_its_own_thread_writes(direct: Any, name: Any) -> None:
    experiment, run_id, absent = name("glance"), new_run_id(), new_run_id()
    direct.experiments.ensure(experiment)
    with direct.glance():
        direct.runs.create(RunHeader(run_id, experiment, 5))
        assert direct.runs.get([run_id])[run_id].params == {}
        direct.runs.write(run_id, RunWrites({"p": "1"}))
        assert direct.runs.get([run_id])[run_id].params == {"p": "1"}
        assert direct.runs.get([absent]) == {}
        direct.runs.create(RunHeader(absent, experiment, 5))
        assert set(direct.runs.get([absent])) == {absent}
