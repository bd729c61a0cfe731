"""R1, R9: ids, names, notes and sources of runs."""

from __future__ import annotations

import uuid

from trackbridge.errors import NotFound, Rejected
from trackbridge.records.ids import foreign_run_id, new_run_id
from trackbridge.records.times import now_ms
from trackbridge.records.writes import RunHeader
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.hostile import BAD_NAMES, NAMES
from trackbridge.testing.lab import Lab

__all__: list[str] = []


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
