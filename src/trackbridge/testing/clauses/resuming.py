"""R5: resuming, epochs and late deliveries."""

from __future__ import annotations

from trackbridge.errors import Conflict, NotFound, Rejected
from trackbridge.records.ids import new_run_id
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, raises, same
from trackbridge.testing.lab import Lab

__all__: list[str] = []


@check("R5", "never makes an existing id a conflict and touches nothing", capability="runs")
def resume_never(lab: Lab) -> None:
    run_id = lab.logged(params={"a": 1})
    before = lab.store.runs.digest(run_id)
    with raises(Conflict) as caught:
        lab.start_run(run_id=run_id)
    contains(caught, run_id, "the message")
    same([store.runs.digest(run_id) for store in lab.stores()], [before] * 2, "the digest of the run")


@check("R5", "allow opens what is there or makes it, must wants it there", capability="runs")
def resume_allow_must(lab: Lab) -> None:
    fresh = new_run_id()
    with raises(NotFound):
        lab.start_run(run_id=fresh, resume="must")
    same(lab.found(), [], "the runs after a must that met nothing")
    lab.start_run(run_id=fresh, resume="allow").finish()
    lab.start_run(run_id=fresh, resume="allow").finish()
    lab.start_run(run_id=fresh, resume="must").finish()
    same(lab.found(), [fresh], "the runs")


@check("R5", "what is no way to resume is refused", capability="runs")
def resume_unknown(lab: Lab) -> None:
    for bad in ("always", "", True):
        with raises(Rejected, what=f"resume={bad!r}"):
            lab.start_run(run_id=new_run_id(), resume=bad)


@check("R5", "a deleted id is a conflict however it is resumed", capability="runs")
def resume_deleted(lab: Lab) -> None:
    run_id = lab.logged()
    lab.store.runs.delete(run_id)
    for resume in ("never", "allow", "must"):
        with raises(Conflict, what=f"resume={resume!r}"):
            lab.start_run(run_id=run_id, resume=resume)
    same(lab.found(), [], "the runs that a search finds")


@check("R5", "a resumed run is RUNNING again and keeps all it had", capability="runs")
def resumed_keeps(lab: Lab) -> None:
    with lab.start_run(name="first", params={"a": 1}, tags={"t": "x"}) as run:
        run.log_metric("loss", 0.5, step=3, timestamp=5)
        run.log_text("hello", "a.txt")
        run.use_dataset(name="data", version="1", digest="sha256:00ff")
    again = lab.start_run(run_id=run.id, resume="must")
    again.flush()
    for record in lab.records(run.id):
        same((record.status, record.ended_ms, record.name), ("RUNNING", None, "first"), "the resumed run")
    again.log_param("b", 2)
    again.finish()
    for record in lab.records(run.id):
        same((record.params, record.tags), ({"a": 1, "b": 2}, {"t": "x"}), "params and tags")
        same((record.status, len(record.datasets)), ("FINISHED", 1), "status and datasets")
    same([tuple(point) for point in lab.points(run.id)], [("loss", 3, 5, 0.5)], "the points")
    same(lab.content(run.id, "a.txt"), b"hello", "the artifact")


@check("R5", "only the greatest epoch closes a run", capability="runs")
def late_status(lab: Lab) -> None:
    first = lab.start_run()
    first.flush()
    second = lab.start_run(run_id=first.id, resume="must")
    second.flush()
    first.finish(status="FAILED")  # the dead node's last words arrive late
    for record in lab.records(first.id):
        same((record.status, record.ended_ms), ("RUNNING", None), "the run after a late end")
    second.finish(status="FINISHED")
    same([record.status for record in lab.records(first.id)], ["FINISHED"] * 2, "the status in the end")


@check("R5", "a late end that comes after the owner's changes nothing", capability="runs")
def later_status(lab: Lab) -> None:
    first = lab.start_run()
    first.flush()
    lab.start_run(run_id=first.id, resume="must").finish(status="FINISHED")
    ended = lab.store.runs.get(first.id).ended_ms
    first.finish(status="KILLED")
    for record in lab.records(first.id):
        same((record.status, record.ended_ms), ("FINISHED", ended), "the run after the late end")


@check("R5", "each resume claims the next epoch, once", capability="runs")
def epochs(lab: Lab) -> None:
    run_id = lab.logged()
    before = lab.backend.adapter.runs.get([run_id])[run_id].epoch
    lab.start_run(run_id=run_id, resume="must").finish()
    after = lab.reopen().adapter.runs.get([run_id])[run_id].epoch
    same(after, before + 1, "the epoch after a resume")
    same(lab.backend.adapter.runs.claim_epoch(run_id, after), False, "claiming a taken epoch")
    same(lab.backend.adapter.runs.claim_epoch(run_id, after + 1), True, "claiming the next epoch")
