"""R7: delete, restore, purge, and what they spare."""

from __future__ import annotations

from trackbridge.errors import Conflict, NotFound, Rejected
from trackbridge.records.ids import new_run_id
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.lab import Lab

__all__: list[str] = []


@check("R7", "a deleted run is neither got nor found, its neighbours are", capability="runs")
def deleted(lab: Lab) -> None:
    gone, stays = lab.logged(params={"a": 1}), lab.logged(params={"a": 1})
    before = lab.store.runs.digest(stays)
    lab.store.runs.delete(gone)
    for store in lab.stores():
        with raises(NotFound):
            store.runs.get(gone)
        same(store.runs.get(stays).id, stays, "the other run")
        same(store.runs.digest(stays), before, "the digest of the other run")
    same(lab.found("params.a = 1"), [stays], "the runs that are left")
    holds(lab.probed(gone).deleted, "the raw client sees a tombstone")


@check("R7", "a restored run has all it had", capability="runs")
def restored(lab: Lab) -> None:
    with lab.start_run(params={"a": [1, None]}, tags={"t": "x"}) as run:
        run.log_metric("loss", float("nan"), step=-1, timestamp=7)
        run.log_text("", "empty")
    before = lab.store.runs.digest(run.id)
    for _ in range(2):  # each may be said again
        lab.store.runs.delete(run.id)
        lab.backend.adapter.runs.set_deleted(run.id, deleted=True)
        lab.store.runs.restore(run.id)
        lab.backend.adapter.runs.set_deleted(run.id, deleted=False)
    same([store.runs.digest(run.id) for store in lab.stores()], [before] * 2, "the digest")
    same(lab.found(), [run.id], "the runs that a search finds")
    holds(not lab.probed(run.id).deleted, "the raw client sees a living run")


@check("R7", "deleting what is not there is not found", capability="runs")
def delete_unknown(lab: Lab) -> None:
    for act in (lab.store.runs.delete, lab.store.runs.restore):
        with raises(NotFound):
            act(new_run_id())


@check("R7", "a run with live children is kept unless forced", capability="runs")
def delete_parent(lab: Lab) -> None:
    parent = lab.logged()
    child = lab.logged(parent=parent)
    with raises(Conflict, Rejected) as caught:
        lab.store.runs.delete(parent)
    contains(caught, parent, "the message")
    same(set(lab.found()), {parent, child}, "the runs after the refusal")
    lab.store.runs.delete(child)
    lab.store.runs.delete(parent)
    same(lab.found(), [], "the runs once the child went first")
    lab.store.runs.restore(parent)
    lab.store.runs.restore(child)
    lab.store.runs.delete(parent, force=True)
    same(lab.found(), [child], "the runs after a forced deletion")


@check("R7", "a run that a model version points to is kept unless forced", capability="registry")
def delete_source(lab: Lab) -> None:
    with lab.start_run() as run:
        run.log_text("weights", "model/weights.txt")
    model = lab.name("model")
    lab.store.registry.register(model, run_id=run.id, artifact="model")
    with raises(Conflict, Rejected) as caught:
        lab.store.runs.delete(run.id)
    contains(caught, model, "the message")
    same(lab.found(), [run.id], "the runs after the refusal")
    lab.store.runs.delete(run.id, force=True)
    same(lab.found(), [], "the runs after a forced deletion")


@check("R7", "purging is physical and spends the id", capability="purge")
def purged(lab: Lab) -> None:
    with lab.start_run(params={"a": 1}) as run:
        run.log_text("x", "x.txt")
        run.log_metric("loss", 1.0)
    stays = lab.logged()
    lab.store.runs.delete(run.id)
    lab.store.runs.purge(run.id)
    same(lab.probe.run(run.id), None, "what the raw client finds")
    for store in lab.stores():
        with raises(NotFound):
            store.runs.get(run.id)
    with raises(NotFound):
        lab.store.runs.restore(run.id)
    for resume in ("never", "allow"):
        with raises(Conflict, what=f"using a purged id with resume={resume!r}"):
            lab.start_run(run_id=run.id, resume=resume)
    same(lab.found(), [stays], "the runs that are left")


@check("R7", "the adapter itself purges, again and again", capability="purge")
def purged_by_adapter(lab: Lab) -> None:
    run_id = lab.logged(params={"a": 1})
    lab.backend.adapter.runs.purge(run_id)
    lab.reopen().adapter.runs.purge(run_id)
    same(lab.backend.adapter.runs.get([run_id]), {}, "what a purged id gives")
    same(lab.probe.run(run_id), None, "what the raw client finds")
