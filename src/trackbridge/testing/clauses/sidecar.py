"""X3: what a vendor's field cannot hold is kept all the same, and the rest needs no sidecar."""

from __future__ import annotations

from typing import Any

from trackbridge.errors import NotFound
from trackbridge.protocol import Scope
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.testing.checks import check
from trackbridge.testing.clauses.digests import nasty
from trackbridge.testing.expect import holds, raises, same
from trackbridge.testing.hostile import NAMES, VALUES
from trackbridge.testing.lab import Lab

__all__: list[str] = []

TYPES: dict[str, Any] = {
    "none": None,
    "bool": True,
    "int": 2**40,
    "float": 0.1,
    "str": "text",
    "list": [1, "a"],
    "dict": {"a": {"b": 1}},
}


@check("X3", "what no field holds comes back to a reader who knows nothing", capability="sidecar")
def whole(lab: Lab) -> None:
    with lab.start_run() as run:
        nasty(run)
        run.log_param("huge", "\u6587" * 20_000)
        run.set_tag("huge", "\u6587" * 20_000)
    for record in lab.records(run.id):
        same((record.params["huge"], record.tags["huge"]), ("\u6587" * 20_000,) * 2, "the longest texts")
        same(record.params["list"], [1, 1.0, True, {"a": []}], "a typed list")
        same([record.params[f"n{n}"] for n in range(len(NAMES))], list(NAMES), "the odd texts")
    points = [(n - 2, 1_000, value) for n, value in enumerate(VALUES)]
    same([point[1:] for point in lab.points(run.id, ["values"])], points, "the odd values")
    same([point.value for point in lab.points(run.id, ["one step"])], [0.0, 1.0, 2.0], "several points at one step")


@check("X3", "with the sidecars deleted all that a field holds reads equal", capability="sidecar")
def without(lab: Lab) -> None:
    limits = lab.limits
    params = {name: value for name, value in TYPES.items() if name in limits.param_types}
    points = [MetricPoint("loss", step, 1_000 + step, step / 4) for step in range(5)]
    dataset = DatasetRecord("data", "1", "md5:00ff", "s3://bucket/data", "training")
    with lab.start_run(name="plain", params=params, tags={"team": "risk", "empty": ""}) as run:
        for point in points:
            run.log_metric(point.name, point.value, step=point.step, timestamp=point.timestamp_ms)
        run.log_text("content", "dir/file.txt")
        run.use_dataset(name="data", version="1", digest="md5:00ff", uri=dataset.uri, context="training")
    before = lab.store.runs.get(run.id)
    stays = lab.logged(params={"long": "x" * 60_000})
    digest = lab.store.runs.digest(stays)
    lab.probe.delete_sidecars(run.id)
    for record in lab.records(run.id):
        for field in ("name", "status", "started_ms", "ended_ms", "params", "tags", "metrics", "experiment", "parent"):
            same(getattr(record, field), getattr(before, field), f"the {field} without the sidecar")
        if limits.datasets:
            same(record.datasets, (dataset,), "the datasets without the sidecar")
    same(lab.points(run.id), points, "the points without the sidecar")
    same(lab.content(run.id, "dir/file.txt"), b"content", "the artifact without the sidecar")
    same(lab.second().runs.differences(run.id), (), "what is reported as changed outside")
    same(lab.second().runs.digest(stays), digest, "the digest of a run whose sidecar was left alone")


@check("X3", "a run whose sidecar is gone is still read, each value in the vendor's form", capability="sidecar")
def degraded(lab: Lab) -> None:
    with lab.start_run() as run:
        nasty(run)
    lab.probe.delete_sidecars(run.id)
    for record in lab.records(run.id):
        same((record.id, record.status), (run.id, "FINISHED"), "the run")
        holds(len(record.params) > 50, "its params are there")
    holds(lab.points(run.id), "its points are there")
    same(lab.content(run.id, "empty"), b"", "its artifact is there")


@check("X3", "texts at the very limit and one beyond come back", capability="sidecar")
def at_the_limit(lab: Lab) -> None:
    lengths = sorted({limit + extra for limit in (lab.limits.param_chars or 6_000, lab.limits.tag_chars or 5_000)
                      for extra in (-1, 0, 1)})  # fmt: skip
    for letter in ("x", "\u6587", "\U0001f600"):
        texts = {f"n{length}": letter * length for length in lengths if length * len(letter.encode()) < 65_000}
        run_id = lab.logged(params=texts, tags=texts)
        for record in lab.records(run_id):
            same((record.params, record.tags), (texts, texts), "the texts")
        lab.shows_params(run_id, texts)


@check("X3", "the sidecar is in no listing", capability="sidecar")
def hidden(lab: Lab) -> None:
    with lab.start_run() as run:
        nasty(run)
    for store in lab.stores():
        paths = sorted(one.path for one in store.artifacts.list(run.id))
        same(paths, ["dir/%41 \u0444\u0430\u0439\u043b.txt", "empty"], "the artifacts")
    for record in lab.records(run.id):
        same(sorted(record.tags), sorted(NAMES), "the tags")


@check("X3", "what was changed outside wins and is reported", capability="sidecar")
def changed_outside(lab: Lab) -> None:
    run_id = lab.logged(tags={"short": "ours", "long": "x" * 60_000, "left": "y" * 60_000})
    same(lab.store.runs.differences(run_id), (), "what is reported before")
    lab.probe.set_tag(run_id, "short", "theirs")
    lab.probe.set_tag(run_id, "long", "theirs too")
    for record in lab.records(run_id):
        same(record.tags, {"short": "theirs", "long": "theirs too", "left": "y" * 60_000}, "the tags")
    with lab.start_run(run_id=run_id, resume="must") as run:
        run.set_tag("long", "ours again")
    for record in lab.records(run_id):
        same(record.tags["long"], "ours again", "the tag written once more")


@check("X3", "sidecars of several writers add up", capability="sidecar")
def several_writers(lab: Lab) -> None:
    run_id = lab.logged(params={"first": "x" * 60_000})
    for n in range(3):
        with lab.start_run(run_id=run_id, resume="must") as run:
            run.log_param(f"more{n}", "y" * 60_000)
            run.log_metric("loss", float("inf"), step=n, timestamp=n)
            run.log_metric("loss", float("nan"), step=n, timestamp=n)
    for record in lab.records(run_id):
        same({name: len(str(value)) for name, value in record.params.items()},
             dict.fromkeys(("first", "more0", "more1", "more2"), 60_000), "the params")  # fmt: skip
        same(record.metrics["loss"].count, 6, "the count of points")
    expected = [(n, n, value) for n in range(3) for value in (float("nan"), float("inf"))]
    same([point[1:] for point in lab.points(run_id)], expected, "the points")


@check("X3", "objects are kept by scope and name", capability="sidecar")
def objects(lab: Lab) -> None:
    run_id, other, model = lab.logged(), lab.logged(), lab.model()
    scopes = (Scope("run", run_id), Scope("run", other), Scope("model", model))
    store = lab.backend.adapter.objects
    names = ("theirs/w-1-aa", "theirs/w-10-bb", "theirs/w-2-cc")
    for n, scope in enumerate(scopes):
        for name in (*names, "other/file.txt"):
            for _ in range(2):
                store.put(scope, name, f"{n} {name}".encode() + bytes(range(256)))
    again = lab.reopen().adapter.objects
    for n, scope in enumerate(scopes):
        same([one.name for one in again.list(scope, "theirs/w-")], list(names), f"the objects of {scope.kind}")
        same([one.name for one in again.list(scope, "other/")], ["other/file.txt"], "the objects of another folder")
        for one in again.list(scope, "theirs/w-"):
            data = f"{n} {one.name}".encode() + bytes(range(256))
            same((again.get(scope, one.name), one.size), (data, len(data)), "an object and its size")
        with raises(NotFound):
            again.get(scope, "theirs/absent")
    same([one.path for one in lab.second().artifacts.list(run_id)], [], "the artifacts of the run")
