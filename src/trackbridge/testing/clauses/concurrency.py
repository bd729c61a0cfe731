"""Several writers at once, in threads and in processes: R1, R2, R5, R8, P3, A3, G1, G5, G6."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trackbridge.errors import Conflict, NotFound
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.times import now_ms
from trackbridge.records.trail import decode_entry
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, TagWrite
from trackbridge.testing.checks import check
from trackbridge.testing.expect import holds, same
from trackbridge.testing.lab import Lab

__all__: list[str] = []


def _at_once(lab: Lab, act: Callable[[int], Any]) -> list[Any]:
    """Run `act(n)` in as many threads as the scale says, let go at one moment; give results or Conflicts."""
    count = lab.scale.writers
    barrier = threading.Barrier(count)

    def one(n: int) -> Any:
        barrier.wait()
        try:
            return act(n)
        except Conflict as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@check("R1", "eight openings at once open one run", capability="runs")
def one_run(lab: Lab) -> None:
    lab.backend.adapter.experiments.ensure(lab.experiment)
    header = RunHeader(new_run_id(), lab.experiment, now_ms())
    adapters = [lab.reopen().adapter for _ in range(lab.scale.writers)]
    opened = _at_once(lab, lambda n: adapters[n].runs.create(header))
    same({one.native_id for one in opened}, {opened[0].native_id}, "the native ids")
    same(lab.found(), [header.id], "the runs that a search finds")
    same(lab.probed(header.id).native_id, opened[0].native_id, "the run that the raw client finds")


@check("R2", "eight first uses at once make one experiment", capability="experiments")
def one_experiment(lab: Lab) -> None:
    adapters = [lab.reopen().adapter for _ in range(lab.scale.writers)]
    _at_once(lab, lambda n: adapters[n].experiments.ensure(lab.experiment))
    listed = [one.name for one in lab.second().experiments.list()]
    same(listed.count(lab.experiment), 1, "how often the experiment is listed")


def _use_experiment(lab: Lab, go: Callable[[], None], name: str) -> str:
    go()
    return lab.logged(experiment=name)


@check("R2", "two processes that create one experiment make one", capability="cross_process")
def processes_one_experiment(lab: Lab) -> None:
    runs = lab.together(_use_experiment, (lab.experiment,), (lab.experiment,))
    listed = [one.name for one in lab.second().experiments.list()]
    same(listed.count(lab.experiment), 1, "how often the experiment is listed")
    same(set(lab.found()), set(runs), "its runs")


@check("R5", "of eight claims of one epoch one succeeds", capability="runs")
def one_claim(lab: Lab) -> None:
    run_id = lab.logged()
    adapters = [lab.reopen().adapter for _ in range(lab.scale.writers)]
    for epoch in (7, 8, 9):
        claims = _at_once(lab, lambda n, epoch=epoch: adapters[n].runs.claim_epoch(run_id, epoch))  # type: ignore[misc]
        same(sorted(claims), [False] * (lab.scale.writers - 1) + [True], f"who got epoch {epoch}")


@check("R8", "eight threads write to one run and nothing is lost", capability="runs")
def eight_threads(lab: Lab) -> None:
    count = lab.scale.writers
    with lab.start_run() as run:

        def write(n: int) -> None:
            for step in range(25):
                run.log_metric("shared", float(n), step=step, timestamp=1_000 + n)
                run.log_metric(f"own/{n}", float(step), step=step, timestamp=1_000)
            run.log_param(f"p{n}", n)
            run.set_tag(f"t{n}", str(n))
            run.log_text(str(n), f"f/{n}.txt")

        _at_once(lab, write)
    shared = [(step, 1_000 + n, float(n)) for step in range(25) for n in range(count)]
    same([point[1:] for point in lab.points(run.id, ["shared"])], shared, "the shared series")
    for n in range(count):
        same(len(lab.points(run.id, [f"own/{n}"])), 25, "the points of one thread")
        same(lab.content(run.id, f"f/{n}.txt"), str(n).encode(), "the file of one thread")
    for record in lab.records(run.id):
        same(record.params, {f"p{n}": n for n in range(count)}, "the params")
        same(record.tags, {f"t{n}": str(n) for n in range(count)}, "the tags")


@check("R8", "eight writers deliver to one run and nothing is lost", capability="runs")
def eight_writers(lab: Lab) -> None:
    run_id = lab.logged()
    count = lab.scale.writers

    def deliver(n: int) -> None:
        points = [MetricPoint("shared", step, n, float(step * n)) for step in range(40)]
        lab.write_points(run_id, points, writer=f"w{n}", backend=backends[n])
        tag = TagWrite("who", str(n), Stamp(4_000_000_000_000_000_000 + n, f"w{n}", 1))
        lab.write(run_id, RunWrites(params={f"p{n}": n}, tags=(tag,)), writer=f"w{n}", backend=backends[n])

    backends = [lab.reopen() for _ in range(count)]
    _at_once(lab, deliver)
    expected = [(step, n, float(step * n)) for step in range(40) for n in range(count)]
    same([point[1:] for point in lab.points(run_id)], expected, "the points")
    for record in lab.records(run_id):
        same(record.params, {f"p{n}": n for n in range(count)}, "the params")
        same(record.tags, {"who": str(count - 1)}, "the tag that all wrote")


def _attach(lab: Lab, go: Callable[[], None], run_id: str, n: int) -> str:
    import os

    os.environ["TRACKBRIDGE_RUN_ID"] = run_id
    with lab.start_run(experiment=None) as run:
        go()
        for step in range(50):
            run.log_metric("shared", float(n), step=step, timestamp=1_000 + n)
        run.log_param(f"p{n}", n)
        run.log_text(str(n), f"f/{n}.txt")
    return str(run.id)


@check("R8", "two processes attach to one run and leave its status alone", capability="cross_process")
def attached(lab: Lab) -> None:
    run = lab.start_run(name="owner")
    run.flush()
    started = lab.store.runs.get(run.id).started_ms
    same(lab.together(_attach, (run.id, 0), (run.id, 1)), [run.id] * 2, "the run that the processes were in")
    run.log_metric("owner", 1.0, step=0, timestamp=1)
    run.flush()
    for record in lab.records(run.id):
        same((record.status, record.ended_ms, record.started_ms, record.name), ("RUNNING", None, started, "owner"),
             "the run while its owner is at work")  # fmt: skip
        same(record.params, {"p0": 0, "p1": 1}, "the params")
    run.finish()
    shared = [(step, 1_000 + n, float(n)) for step in range(50) for n in range(2)]
    same([point[1:] for point in lab.points(run.id, ["shared"])], shared, "the shared series")
    same([lab.content(run.id, f"f/{n}.txt") for n in range(2)], [b"0", b"1"], "the files")
    same(lab.store.runs.get(run.id).status, "FINISHED", "the status in the end")


@check("R8", "one process reads what another wrote", capability="cross_process")
def seen_elsewhere(lab: Lab) -> None:
    run_id = lab.logged(params={"a": [1.0, None]}, tags={"t": "\u6587"}, metrics={"m": [0.5, float("nan")]})
    same(lab.together(_digest, (run_id,)), [lab.store.runs.digest(run_id)], "the digest in another process")


def _digest(lab: Lab, go: Callable[[], None], run_id: str) -> str:
    go()
    return str(lab.store.runs.digest(run_id))


@check("P3", "of eight values of one param one wins and all agree", capability="params")
def one_value(lab: Lab) -> None:
    run_id = lab.logged()
    backends = [lab.reopen() for _ in range(lab.scale.writers)]
    for name in ("a", "b", "c"):
        refused = _at_once(lab, lambda n, name=name: lab.write(  # type: ignore[misc]
            run_id, RunWrites(params={name: n}), writer=f"w{n}", backend=backends[n]))  # fmt: skip
        winners = [n for n, letters in enumerate(refused) if not letters]
        same(len(winners), 1, "how many writers were not refused")
        same([record.params[name] for record in lab.records(run_id)], winners * 2, "the value that readers get")


@check("A3", "eight replacements at once leave one whole file", capability="artifacts")
def one_file(lab: Lab) -> None:
    run_id = lab.logged()
    contents = [bytes([n]) * 50_000 for n in range(lab.scale.writers)]
    _at_once(lab, lambda n: lab.put(run_id, "shared.bin", contents[n]))
    holds(lab.content(run_id, "shared.bin") in contents, "the file is one of those that were written")
    same(len(list(lab.second().artifacts.list(run_id))), 1, "how many files there are")


@check("G1", "eight registrations at once get eight numbers", capability="registry")
def eight_versions(lab: Lab) -> None:
    model, run_id = lab.name("model"), lab.source()
    stores = [lab.second() for _ in range(lab.scale.writers)]
    made = _at_once(lab, lambda n: stores[n].registry.register(model, run_id=run_id, artifact="model").number)
    same(sorted(made), list(range(1, lab.scale.writers + 1)), "the numbers")
    same([one.number for one in lab.second().registry.versions(model)], sorted(made), "the versions")


def _verify_exclusive(lab: Lab, model: str, successes: int) -> None:
    """Look at a model after rival promotions that each archived the others."""
    staged = [one.number for one in lab.second().registry.versions(model, stage="Production")]
    same(len(staged), 1, f"how many versions are in Production: {staged}")
    stored = lab.probed_model(model).entries
    forks = len(lab.second().registry.forks(model))
    if forks:
        lab.shows("fork", forks, 0, "the forks of the trail")
    same(len(stored), successes, "how many entries the trail has")
    same(len(list(lab.second().registry.history(model))) + forks, successes, "how many entries the history gives")
    same([decode_entry(data).n for data in stored][:1], [0], "the number of the first entry")


@check("G5", "rival promotions leave one version in the stage and one entry each", capability="trail")
def rivals(lab: Lab) -> None:
    model = lab.model(versions=lab.scale.writers)
    stores = [lab.second() for _ in range(lab.scale.writers)]
    moved = _at_once(lab, lambda n: stores[n].registry.transition(
        model, n + 1, "Production", archive_existing="all", actor=f"rival {n}"))  # fmt: skip
    succeeded = [one for one in moved if not isinstance(one, Conflict)]
    holds(succeeded, "some rival succeeds")
    _verify_exclusive(lab, model, len(succeeded))


def _promote(lab: Lab, go: Callable[[], None], model: str, number: int) -> bool:
    registry = lab.store.registry
    go()
    try:
        registry.transition(model, number, "Production", archive_existing="all", actor=f"process {number}")
    except (Conflict, NotFound):
        return False
    return True


@check("G5", "rival promotions from two processes leave one version in the stage", capability="cross_process")
def rival_processes(lab: Lab) -> None:
    model = lab.model(versions=2)
    moved = lab.together(_promote, (model, 1), (model, 2))
    holds(any(moved), "some rival succeeds")
    _verify_exclusive(lab, model, sum(moved))


@check("G6", "of eight that expect one stage one succeeds", capability="registry")
def one_expectation(lab: Lab) -> None:
    model = lab.model()
    stores = [lab.second() for _ in range(lab.scale.writers)]
    targets = ("Staging", "Production", "Archived")
    moved = _at_once(lab, lambda n: stores[n].registry.transition(
        model, 1, targets[n % 3], expected_stage="None", actor=f"rival {n}"))  # fmt: skip
    succeeded = [one for one in moved if not isinstance(one, Conflict)]
    forks = len(lab.second().registry.forks(model))
    holds(1 <= len(succeeded) <= 1 + forks, f"one rival succeeds, and each of {forks} forks")
    trail = list(lab.second().registry.history(model))
    holds(trail[0].stage == lab.second().registry.get(model, 1).stage, "the stage is that of the first entry")
