"""Faults in how runs are opened, ended, resumed, nested and deleted."""

import uuid
from dataclasses import replace
from datetime import datetime

from trackbridge.adapters.memory.experiments import MemoryExperiments
from trackbridge.adapters.memory.metrics import MemoryMetrics
from trackbridge.adapters.memory.runs import MemoryRuns
from trackbridge.protocol import Opened
from trackbridge.store import Runs

START, RUN = "trackbridge.run.start", "trackbridge.run.run"
LOGGED = "trackbridge.journal.hot"  # where points are checked
TWO_HOURS_MS = 7_200_000


def test_the_clause_notices(clause, fault, kill):
    kill(clause, fault)


def header(patch, **change):
    """Change the header that each run is created with."""
    patch.around(
        MemoryRuns,
        "create",
        lambda create, self, header, **more: create(
            self, replace(header, **{name: new(header) for name, new in change.items()}), **more
        ),
    )


def reopened_anew(create, self, header, **more):
    self._state.runs.pop(header.id, None)
    return create(self, header, **more)


def deleted_revived(patch):
    def create(create, self, header, **more):
        if header.id in self._state.runs:
            self._state.runs[header.id].deleted = False
        return create(self, header, **more)

    patch.around(MemoryRuns, "create", create)
    patch.runs(lambda native: {"deleted": False})


def last_status_wins(write, self, run_id, writes):
    refused = write(self, run_id, writes)
    if writes.status:
        self._state.runs[run_id].status = writes.status
    return refused


def epoch_forgotten(write, self, run_id, writes):
    status = writes.status and replace(writes.status, epoch=0)
    return write(self, run_id, replace(writes, status=status))


def grandparent(create, self, header, **more):
    above = self._state.runs.get(header.parent)
    parent = above.header.parent or header.parent if above else header.parent
    return create(self, replace(header, parent=parent), **more)


def whole_experiment(set_deleted, self, run_id, *, deleted):
    experiment = self._state.run(run_id).header.experiment
    for other, run in self._state.runs.items():
        if run.header.experiment == experiment:
            set_deleted(self, other, deleted=deleted)


def restored_without_points(set_deleted, self, run_id, *, deleted):
    set_deleted(self, run_id, deleted=deleted)
    if not deleted:
        self._state.runs[run_id].series.clear()


def deleted_found(scan, self, wanted):
    yield from scan(self, wanted)
    if wanted.deleted == "exclude":
        yield from (replace(run, deleted=False) for run in scan(self, replace(wanted, deleted="only")))


def id_free_again(purge, self, run_id):
    purge(self, run_id)
    self._state.purged.discard(run_id)


def one_point_a_step(write, self, run_id, points):
    series = self._state.run(run_id).series
    fresh = []
    for point in points:
        if all(key[0] != point.step for key in series.get(point.name, {})):
            fresh.append(point)
            write(self, run_id, [point])
    return ()


def later_params_dropped(write, self, run_id, writes):
    held = self._state.run(run_id).params
    return write(self, run_id, replace(writes, params={} if held else writes.params))


def tags_replaced(edit, self, name, *, description, tags):
    held = self._state.experiment(name)
    self._state.experiments[name] = replace(held, tags={})
    edit(self, name, description=description, tags=tags)


def local_time(check_ms, value, *rest):
    naive = isinstance(value, datetime) and value.tzinfo is None
    return check_ms(value, *rest) + (TWO_HOURS_MS if naive else 0)


def without_attribute(*names):
    return lambda patch: patch.writes(
        lambda writes: {"attributes": tuple(one for one in writes.attributes if one.name not in names)}
    )


def exit_codes(status_of, error):
    return "FINISHED" if isinstance(error, SystemExit) else status_of(error)


MUTANTS = {
    "ids are random": ("R1", lambda patch: patch.put(START, "new_run_id", lambda: uuid.uuid4().hex)),
    "opening again starts anew": ("R1", lambda patch: patch.around(MemoryRuns, "create", reopened_anew)),
    "native id is another": ("R1", lambda patch: patch.runs(lambda native: {"native_id": native.id[::-1]})),
    "says created each time": (
        "R1",
        lambda patch: patch.around(
            MemoryRuns, "create", lambda create, *a, **k: Opened(create(*a, **k).native_id, (), True)
        ),
    ),
    "deleted experiment stays deleted": (
        "R2",
        lambda patch: patch.around(
            MemoryExperiments, "ensure", lambda ensure, self, name: None if self.get(name) else ensure(self, name)
        ),
    ),
    "editing an experiment drops its tags": (
        "R2",
        lambda patch: patch.around(MemoryExperiments, "edit", tags_replaced),
    ),
    "second page of experiments lost": (
        "R2",
        lambda patch: patch.around(MemoryExperiments, "list", lambda listed, self: iter(list(listed(self))[:10])),
    ),
    "time zone shifted": (
        "R3",
        lambda patch: header(patch, started_ms=lambda h: min(h.started_ms + TWO_HOURS_MS, 10**14)),
    ),
    "whole seconds": ("R3", lambda patch: header(patch, started_ms=lambda h: h.started_ms // 1_000 * 1_000)),
    "end forgotten": (
        "R3",
        lambda patch: patch.writes(lambda w: {"status": w.status and replace(w.status, ended_ms=None)}),
    ),
    "KILLED becomes FAILED": (
        "R3",
        lambda patch: patch.runs(lambda native: {"status": native.status.replace("KILLED", "FAILED")}),
    ),
    "naive is local": ("R3", lambda patch: patch.around(LOGGED, "check_ms", local_time)),
    "exit code ignored": ("R4", lambda patch: patch.around(RUN, "status_of", exit_codes)),
    "interrupt is a failure": (
        "R4",
        lambda patch: patch.around(RUN, "status_of", lambda of, error: of(error).replace("KILLED", "FAILED")),
    ),
    "exception unnamed": ("R4", lambda patch: patch.put(RUN, "describe", str)),
    "exception not redacted": (
        "R4",
        lambda patch: patch.put("trackbridge.run.ending", "redact_text", lambda text: text),
    ),
    "late status wins": ("R5", lambda patch: patch.around(MemoryRuns, "write", last_status_wins)),
    "epoch of a status forgotten": ("R5", lambda patch: patch.around(MemoryRuns, "write", epoch_forgotten)),
    "every claim succeeds": (
        "R5",
        lambda patch: patch.around(MemoryRuns, "claim_epoch", lambda claim, *a: claim(*a) or True),
    ),
    "deleted run resumed": ("R5", deleted_revived),
    "resume loses params": (
        "R5",
        lambda patch: patch.around(
            MemoryRuns,
            "claim_epoch",
            lambda claim, self, run, n: self._state.run(run).params.clear() or claim(self, run, n),
        ),
    ),
    "parent lost": ("R6", lambda patch: header(patch, parent=lambda h: None)),
    "grandchildren become children": ("R6", lambda patch: patch.around(MemoryRuns, "create", grandparent)),
    "deletes too much": ("R7", lambda patch: patch.around(MemoryRuns, "set_deleted", whole_experiment)),
    "deletes nothing": (
        "R7",
        lambda patch: patch.put(MemoryRuns, "set_deleted", lambda self, run_id, *, deleted: None),
    ),
    "restored without its points": (
        "R7",
        lambda patch: patch.around(MemoryRuns, "set_deleted", restored_without_points),
    ),
    "deleted runs are found": ("R7", lambda patch: patch.around(MemoryRuns, "scan", deleted_found)),
    "purge only deletes": (
        "R7",
        lambda patch: patch.put(MemoryRuns, "purge", lambda self, run_id: self.set_deleted(run_id, deleted=True)),
    ),
    "purged id is free again": ("R7", lambda patch: patch.around(MemoryRuns, "purge", id_free_again)),
    "nothing needs a run": ("R7", lambda patch: patch.put(Runs, "_refuse_if_needed", lambda self, run_id: None)),
    "one writer a step": ("R8", lambda patch: patch.around(MemoryMetrics, "write", one_point_a_step)),
    "params of a second writer dropped": ("R8", lambda patch: patch.around(MemoryRuns, "write", later_params_dropped)),
    "notes lost": ("R9", without_attribute("notes")),
    "host and user lost": ("R9", without_attribute("source.host", "source.user")),
    "nameless run named by its id": ("R9", lambda patch: patch.runs(lambda native: {"name": native.name or native.id})),
    "name cut at 100": ("R9", lambda patch: patch.runs(lambda native: {"name": native.name and native.name[:100]})),
}
