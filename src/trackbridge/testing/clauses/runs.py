"""R1–R3, R5–R7, R9: identity, experiments, status and times, resuming, nesting, deletion."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone

from trackbridge.errors import Conflict, NotFound, Rejected
from trackbridge.records.ids import foreign_run_id, new_run_id
from trackbridge.records.times import MAX_TIME_MS, now_ms, seconds_to_ms
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, StatusWrite
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.hostile import BAD_NAMES, NAMES
from trackbridge.testing.lab import Lab

__all__: list[str] = []

STATUSES = ("FINISHED", "FAILED", "KILLED")


@check("R1", "a fresh id is a UUIDv7 of 32 lowercase hex characters", capability="runs")
def fresh_id(lab: Lab) -> None:
    before = now_ms()
    run_id = lab.logged()
    holds(len(run_id) == 32 and run_id == run_id.lower() and int(run_id, 16) >= 0, f"{run_id} is 32 lowercase hex")
    same(uuid.UUID(run_id).version, 7, "the version of a fresh id")
    holds(before <= int(run_id[:12], 16) <= now_ms(), "a fresh id carries the time of its making")


@check("R1", "the id is the same for every reader and the native one is the vendor's", capability="runs")
def one_id(lab: Lab) -> None:
    run_id = lab.logged()
    native = lab.probed(run_id).native_id
    holds(native, "the vendor gives the run an id")
    for record in lab.records(run_id):
        same((record.id, record.native_id), (run_id, native), "the ids of a run")
    same(lab.found(), [run_id], "the ids that a search gives")


@check("R1", "an id that the caller chose is kept", capability="runs")
def chosen_id(lab: Lab) -> None:
    chosen = uuid.uuid4().hex
    same(lab.logged(run_id=chosen), chosen, "the id of the run")
    same([record.id for record in lab.records(chosen)], [chosen, chosen], "the id that readers get")
    lab.probed(chosen)


@check("R1", "what is no id is refused at the call and leaves nothing", capability="runs")
def bad_ids(lab: Lab) -> None:
    lab.logged()
    for bad in (
        "",
        "x" * 32,
        uuid.uuid4().hex.upper().replace("1", "A"),
        str(uuid.uuid4()),
        uuid.uuid4().hex[:-1],
        "../" * 10,
    ):
        with raises(Rejected, what=f"start_run(run_id={bad!r})"):
            lab.start_run(run_id=bad)
        with raises(Rejected, NotFound, what=f"get({bad!r})"):
            lab.store.runs.get(bad)
    same(len(lab.found()), 1, "how many runs there are")


@check("R1", "opening twice opens one run", capability="runs")
def idempotent_open(lab: Lab) -> None:
    header = RunHeader(new_run_id(), lab.experiment, now_ms())
    lab.backend.adapter.experiments.ensure(lab.experiment)
    first = lab.backend.adapter.runs.create(header)
    again = lab.reopen().adapter.runs.create(header)
    same((first.created, again.created), (True, False), "whether each call created it")
    same(again.native_id, first.native_id, "the native id")
    same(lab.found(), [header.id], "the runs that a search finds")


@check("R1", "an unknown id is not found, and left out of a batch", capability="runs")
def unknown_id(lab: Lab) -> None:
    known, unknown = lab.logged(), new_run_id()
    for store in lab.stores():
        with raises(NotFound) as caught:
            store.runs.get(unknown)
        contains(caught, unknown, "the message")
    same(set(lab.backend.adapter.runs.get([unknown, known])), {known}, "what a batch of ids gives")
    same(lab.probe.run(unknown), None, "what the raw client finds")


@check("R1", "a foreign run's id depends on native id and account alone", capability="runs")
def foreign_id(lab: Lab) -> None:
    native = lab.probed(lab.logged()).native_id
    same(uuid.UUID(foreign_run_id(native)).version, 5, "the version of a foreign run's id")
    same(foreign_run_id(native), foreign_run_id(native), "the id, given twice")
    holds(foreign_run_id(native, account="a") != foreign_run_id(native, account="b"), "accounts are told apart")


@check("R2", "an experiment comes to be on first use", capability="experiments")
def first_use(lab: Lab) -> None:
    with raises(NotFound):
        lab.store.experiments.get(lab.experiment)
    run_id = lab.logged()
    for store in lab.stores():
        same(store.experiments.get(lab.experiment).name, lab.experiment, "the experiment")
        holds(lab.experiment in [one.name for one in store.experiments.list()], "it is listed")
    same(lab.probed(run_id).experiment, lab.experiment, "the experiment that the raw client sees")


@check("R2", "description and tags are edited one by one", capability="experiments")
def experiment_edit(lab: Lab) -> None:
    lab.logged()
    lab.store.experiments.edit(lab.experiment, description="  what\nfor \u6587", tags={"a": "1", "b": "2 "})
    lab.store.experiments.edit(lab.experiment, tags={"a": None, "c": "\u00e9"})
    for store in lab.stores():
        held = store.experiments.get(lab.experiment)
        same((held.description, held.tags), ("  what\nfor \u6587", {"b": "2 ", "c": "\u00e9"}), "the experiment")


@check("R2", "a deleted experiment is gone and comes back on use with its runs", capability="experiments")
def experiment_restored(lab: Lab) -> None:
    first = lab.logged()
    other = lab.name("other")
    lab.logged(experiment=other)
    lab.store.experiments.delete(lab.experiment)
    for store in lab.stores():
        listed = [one.name for one in store.experiments.list()]
        same((lab.experiment in listed, other in listed), (False, True), "what is listed after the deletion")
    second = lab.logged()
    same(set(lab.found()), {first, second}, "the runs of the experiment that came back")
    holds(lab.experiment in [one.name for one in lab.store.experiments.list()], "it is listed again")


@check("R2", "odd names of experiments stay apart", capability="experiments")
def experiment_names(lab: Lab) -> None:
    mark = lab.name("n")
    names = [f"{name[:200]} {mark}" for name in NAMES if len(name) < 250]
    runs = {name: lab.logged(experiment=name) for name in dict.fromkeys(names)}
    second = lab.second()
    for name, run_id in runs.items():
        same(second.runs.get(run_id).experiment, name, "the experiment of a run")
        found = [run.id for run in second.runs.search(experiments=[name])]
        same(found, [run_id], f"the runs of experiment {name!r}")
    listed = [one.name for one in second.experiments.list() if one.name.endswith(mark)]
    same(listed, sorted(runs), "the experiments, by name")


@check("R2", "what is no name is refused", capability="experiments")
def experiment_bad_names(lab: Lab) -> None:
    for bad in BAD_NAMES:
        if bad is not None:
            with raises(Rejected, what=f"start_run(experiment={bad!r})"):
                lab.start_run(experiment=bad)


@check("R3", "a run ends with the status it was given", capability="runs")
def statuses(lab: Lab) -> None:
    runs = {status: lab.logged(status=status) for status in STATUSES}
    for status, run_id in runs.items():
        same([record.status for record in lab.records(run_id)], [status] * 2, "the status")
        lab.shows("killed", lab.probed(run_id).status, status, "the status on the vendor's own screen")
        same(lab.found(f"status = '{status}'"), [run_id], "the runs of a status")


@check("R3", "a run is RUNNING until it ends", capability="runs")
def running(lab: Lab) -> None:
    run = lab.start_run()
    run.flush()
    for record in lab.records(run.id):
        same((record.status, record.ended_ms), ("RUNNING", None), "an open run")
    same(lab.probed(run.id).status, "RUNNING", "the status on the vendor's own screen")
    run.finish()
    same(lab.store.runs.get(run.id).status, "FINISHED", "the status of a finished run")


@check("R3", "any other status is refused", capability="runs")
def bad_status(lab: Lab) -> None:
    run = lab.start_run()
    for bad in ("finished", "SCHEDULED", "", None, 3):
        if bad is not None:
            with raises(Rejected, what=f"finish({bad!r})"):
                run.finish(status=bad)
    run.finish()
    same(lab.store.runs.get(run.id).status, "FINISHED", "the status in the end")


@check("R3", "times are those of the clock, in UTC milliseconds, for every reader", capability="runs")
def clock(lab: Lab) -> None:
    before = now_ms()
    run_id = lab.logged()
    after = now_ms()
    first, second = lab.records(run_id)
    started, ended = first.started_ms, first.ended_ms
    holds(type(started) is int and type(ended) is int, "times are integers")
    holds(ended is not None and before <= started <= ended <= after, f"{before} <= {started} <= {ended} <= {after}")
    same((second.started_ms, second.ended_ms), (started, ended), "the times that a second reader sees")
    raw = lab.probed(run_id)
    same((raw.started_ms, raw.ended_ms), (started, ended), "the times that the raw client sees")


@check("R3", "times from 0 to the end of the year 9999 are kept", capability="runs")
def extreme_times(lab: Lab) -> None:
    lab.backend.adapter.experiments.ensure(lab.experiment)
    for started, ended in (
        (0, 0),
        (0, MAX_TIME_MS),
        (MAX_TIME_MS, MAX_TIME_MS),
        (1_600_000_000_123, 1_600_000_000_999),
    ):
        run_id = new_run_id()
        lab.backend.adapter.runs.create(RunHeader(run_id, lab.experiment, started))
        lab.write(run_id, RunWrites(status=StatusWrite(0, "FINISHED", ended, Stamp(1, "w", 1))))
        for record in lab.records(run_id):
            same((record.started_ms, record.ended_ms), (started, ended), "the times")
        raw = lab.probed(run_id)
        lab.shows("epoch-zero", raw.started_ms, started, "the start on the vendor's own screen")
        lab.shows("far-future", raw.ended_ms, ended, "the end on the vendor's own screen")


@check("R3", "a naive datetime is UTC and an aware one is converted", capability="metrics")
def datetimes(lab: Lab) -> None:
    naive = datetime(2021, 6, 1, 12, 30, 0, 123_000)  # noqa: DTZ001 - a naive one is the point
    aware = datetime(2021, 6, 1, 14, 30, 0, 123_000, tzinfo=timezone(timedelta(hours=2)))
    expected = int(naive.replace(tzinfo=UTC).timestamp() * 1_000)
    with lab.start_run() as run:
        run.log_metric("naive", 1.0, step=0, timestamp=naive)
        run.log_metric("aware", 1.0, step=0, timestamp=aware)
        run.log_metric("ms", 1.0, step=0, timestamp=expected)
    same([point.timestamp_ms for point in lab.points(run.id)], [expected] * 3, "the timestamps")
    same(lab.probe.series(run.id, "naive"), [(0, expected, 1.0)], "the point that the raw client sees")


@check("R3", "times outside the range, and what is no time, are refused", capability="metrics")
def bad_times(lab: Lab) -> None:
    with lab.start_run() as run:
        for bad in (-1, MAX_TIME_MS + 1, 1.5, "2020-01-01", True):
            with raises(Rejected, what=f"timestamp={bad!r}"):
                run.log_metric("loss", 1.0, step=0, timestamp=bad)
    same(lab.points(run.id), [], "the points that were stored")


@check("R3", "float seconds round half-even", capability="runs")
def half_even(lab: Lab) -> None:
    holds(lab.spec.schemes, "the backend has a scheme")
    pairs = {0.0005: 0, 0.0015: 2, 0.0025: 2, 1.0: 1_000, 1_600_000_000.1235: 1_600_000_000_124}
    same([seconds_to_ms(seconds) for seconds in pairs], list(pairs.values()), "the milliseconds")


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


@check("R6", "a nested start makes a child", capability="runs")
def nested(lab: Lab) -> None:
    with lab.start_run() as outer:
        with lab.start_run() as inner, lab.start_run() as innermost:
            pass
        with lab.start_run() as sibling:
            pass
    parents = {outer.id: None, inner.id: outer.id, innermost.id: inner.id, sibling.id: outer.id}
    for run_id, parent in parents.items():
        same([record.parent for record in lab.records(run_id)], [parent] * 2, "the parent")
        lab.shows("parent", lab.probed(run_id).parent, parent, "the parent on the vendor's own screen")


@check("R6", "a parent can be named, to any depth", capability="runs")
def deep(lab: Lab) -> None:
    chain = [lab.logged()]
    for _ in range(6):
        chain.append(lab.logged(parent=chain[-1]))
    second = lab.second()
    found = [chain[-1]]
    while parent := second.runs.get(found[-1]).parent:
        found.append(parent)
    same(found, chain[::-1], "the way up from the innermost run")


@check("R6", "children are found by their parent", capability="search")
def children(lab: Lab) -> None:
    parent, other = lab.logged(), lab.logged()
    mine = {lab.logged(parent=parent) for _ in range(3)}
    lab.logged(parent=other)
    same(set(lab.found(f"parent = '{parent}'")), mine, "the children")
    same(set(lab.found("parent is null")), {parent, other}, "the runs without a parent")
    same(len(lab.found("parent is not null")), 4, "the number of children")


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


@check("R9", "name and notes are kept and edited", capability="runs")
def name_and_notes(lab: Lab) -> None:
    run_id = lab.logged(name="first")
    lab.store.runs.edit(run_id, notes="  why\n\u6587 <b>", name="second")
    for record in lab.records(run_id):
        same((record.name, record.attributes.get("notes")), ("second", "  why\n\u6587 <b>"), "name and notes")
    lab.shows("run-name", lab.probed(run_id).name, "second", "the name on the vendor's own screen")
    same(lab.found("name = 'second'"), [run_id], "the runs of that name")
    same(lab.found("name = 'first'"), [], "the runs of the old name")


@check("R9", "a run may have no name", capability="runs")
def nameless(lab: Lab) -> None:
    run_id = lab.logged()
    same([record.name for record in lab.records(run_id)], [None, None], "the name")
    lab.shows("run-name", lab.probed(run_id).name, None, "the name on the vendor's own screen")
    same(lab.found("name is null"), [run_id], "the runs without a name")


@check("R9", "odd names of runs come back", capability="runs")
def run_names(lab: Lab) -> None:
    runs = {name: lab.logged(name=name) for name in NAMES}
    second = lab.second()
    for name, run_id in runs.items():
        same(second.runs.get(run_id).name, name, "the name")
        lab.shows("run-name", lab.probed(run_id).name, name, "the name on the vendor's own screen")
    for bad in BAD_NAMES:
        if bad is not None:
            with raises(Rejected, what=f"start_run(name={bad!r})"):
                lab.start_run(name=bad)


@check("R9", "entry point, host and user are attributes", capability="runs")
def source(lab: Lab) -> None:
    with lab.start_run(capture=True) as run:
        pass
    for record in lab.records(run.id):
        for name in ("source.entry_point", "source.host", "source.user"):
            holds(isinstance(record.attributes.get(name), str), f"the attribute {name} is text: {record.attributes}")
        same((dict(record.params), dict(record.tags)), ({}, {}), "what the user logged")
