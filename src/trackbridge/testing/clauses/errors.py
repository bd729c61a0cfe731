"""X1, X2: errors by what the caller does next, raised where they can be known."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from trackbridge.errors import (
    ConfigurationError,
    Conflict,
    NotFound,
    Rejected,
    TrackbridgeError,
    Transient,
    Unsupported,
)
from trackbridge.protocol import Scope
from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import RunHeader, RunWrites, Stamp, TagWrite
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.lab import Lab

__all__: list[str] = []


def _provoked(lab: Lab) -> list[TrackbridgeError]:
    """Give one error of each kind that any backend can be made to raise."""
    with lab.start_run(params={"a": 1}) as run:
        untyped: Any = run
        acts: list[tuple[type[TrackbridgeError], Callable[[], object]]] = [
            (Rejected, lambda: untyped.log_metric("loss", "high")),
            (Rejected, lambda: run.set_tag("trackbridge.x", "1")),
            (Rejected, lambda: run.log_text("x", "../x")),
            (NotFound, lambda: lab.store.runs.get(new_run_id())),
            (NotFound, lambda: lab.store.registry.get(lab.name("absent"), 1)),
            (Conflict, lambda: lab.start_run(run_id=run.id)),
            (Rejected, lambda: lab.found("params.a =")),
            (ConfigurationError, lambda: lab.start_run(backend="no-such-scheme://x")),
        ]
        errors = []
        for kind, act in acts:
            with raises(kind) as caught:
                act()
            assert caught.error is not None
            errors.append(caught.error)
    return errors


@check("X1", "errors name what was wrong, and the clause", capability="runs")
def messages(lab: Lab) -> None:
    for error in _provoked(lab):
        holds(len(error.message) > 10, f"the message says something: {error!r}")
        if not isinstance(error, ConfigurationError):
            holds(error.clause, f"the error names its clause: {error!r}")
            contains(error, error.clause or "", "the text")


@check("X1", "errors survive a pickle", capability="runs")
def pickled(lab: Lab) -> None:
    extra: list[TrackbridgeError] = [
        Transient("slow", retry_after_s=1.5),
        Unsupported("cannot", capability="purge", clause="R7", remedy="Do not."),
    ]
    for error in [*_provoked(lab), *extra]:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made in the line before
        same((type(copy), str(copy), vars(copy)), (type(error), str(error), vars(error)), "the error that comes back")


@check("X1", "an adapter raises our errors only", capability="runs")
def adapter_errors(lab: Lab) -> None:
    adapter, absent, run_id = lab.backend.adapter, new_run_id(), lab.logged()
    stamp = Stamp(1, "w", 1)
    acts: dict[str, Callable[[], object]] = {
        "write to an unknown run": lambda: adapter.runs.write(absent, RunWrites(tags=(TagWrite("a", "b", stamp),))),
        "points for an unknown run": lambda: adapter.metrics.write(absent, [MetricPoint("a", 0, 0, 1.0)]),
        "read an unknown run": lambda: list(adapter.metrics.read(absent)),
        "list an unknown run": lambda: list(adapter.artifacts.list(absent)),
        "open an unknown artifact": lambda: adapter.artifacts.open(run_id, "absent"),
        "get an unknown object": lambda: adapter.objects.get(Scope("run", run_id), "sidecar/absent"),
        "delete an unknown run": lambda: adapter.runs.set_deleted(absent, deleted=True),
        "edit an unknown experiment": lambda: adapter.experiments.edit(lab.name(), description="x", tags={}),
        "edit an unknown model": lambda: adapter.registry.edit_model(lab.name(), description="x", tags={}),
    }
    for what, act in acts.items():
        with raises(NotFound, what=what):
            act()
    lab.backend.adapter.runs.set_deleted(run_id, deleted=True)
    with raises(Conflict, what="creating a deleted run"):
        adapter.runs.create(RunHeader(run_id, lab.experiment, 1))


@check("X1", "an unknown scheme names what is installed", capability="runs")
def unknown_scheme(lab: Lab) -> None:
    lab.logged()
    for bad in ("no-such-scheme://x", "no url at all", ""):
        with raises(ConfigurationError, what=f"the backend {bad!r}"):
            lab.start_run(backend=bad or "://")


@check("X2", "a bad call raises at the call and the run goes on", capability="runs")
def at_the_call(lab: Lab) -> None:
    with lab.start_run() as run:
        untyped: Any = run
        acts: list[Callable[[], object]] = [
            lambda: untyped.log_metric("loss", "high"),
            lambda: untyped.log_param("p", object()),
            lambda: untyped.set_tag("t", 1),
            lambda: untyped.log_text("x", "/x"),
            lambda: untyped.use_dataset(name=""),
            lambda: untyped.log_metrics({"a": 1.0, "b": None}),
        ]
        run.log_metric("loss", 1.0, step=0, timestamp=1)
        for act in acts:
            with raises(Rejected):
                act()
        run.log_metric("loss", 2.0, step=1, timestamp=1)
    for record in lab.records(run.id):
        same((record.status, record.metrics["loss"].count), ("FINISHED", 2), "the run")
        same((list(record.metrics), dict(record.params), dict(record.tags)), (["loss"], {}, {}), "what it has")


@check("X2", "a backend that refuses does not stop the training and is reported", capability="runs")
def reported(lab: Lab) -> None:
    run = lab.start_run()
    run.flush()
    lab.write(run.id, RunWrites(params={"a": "theirs"}), writer="other")
    run.log_param("a", "mine")  # what another process wrote meanwhile cannot be known at the call
    run.log_param("b", "mine")
    run.flush()
    run.log_metric("loss", 1.0, step=0, timestamp=1)
    said = str(run.finish())
    for record in lab.records(run.id):
        same((record.params, record.status), ({"a": "theirs", "b": "mine"}, "FINISHED"), "the run")
        same(record.metrics["loss"].count, 1, "the points after the refusal")
    contains(said, "'a'", "what finish says")


@check("X2", "a deleted run does not stop the training", capability="runs")
def deleted_meanwhile(lab: Lab) -> None:
    run = lab.start_run()
    run.flush()
    lab.second().runs.delete(run.id)
    run.log_metric("loss", 1.0)
    run.log_param("a", 1)
    run.log_text("x", "x.txt")
    run.finish()
    lab.store.runs.restore(run.id)
    same(lab.found(), [run.id], "the runs once it is restored")


@check("X2", "wrong configuration raises when the run starts", capability="runs")
def at_the_start(lab: Lab) -> None:
    for options in ({"resume": "perhaps"}, {"run_id": "x"}, {"params": {"": 1}}, {"tags": {"a": 1}}, {"parent": "x"}):
        with raises(Rejected, NotFound, what=f"start_run(**{options})"):
            lab.start_run(**options)
    same(lab.found(), [], "the runs that were left behind")
