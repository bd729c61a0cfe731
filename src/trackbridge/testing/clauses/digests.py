"""C1–C3: what "equivalent" means."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from trackbridge.records.ids import new_run_id
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite
from trackbridge.testing.checks import check
from trackbridge.testing.expect import holds, same
from trackbridge.testing.hostile import NAMES, STEPS, TEXTS, VALUES
from trackbridge.testing.lab import Lab

if TYPE_CHECKING:
    from trackbridge.run import Run

__all__: list[str] = []


def nasty(run: Run) -> None:
    """Log every kind of record, with nasty values."""
    run.log_params({f"n{n}": name for n, name in enumerate(NAMES)} | {f"t{n}": text for n, text in enumerate(TEXTS)})
    run.log_params({f"v{n}": value for n, value in enumerate(VALUES)})
    run.log_params({"big": 2**70, "long": "x" * 20_000, "none": None, "list": [1, 1.0, True, {"a": []}], "dict": {}})
    run.set_tags({name: TEXTS[n % len(TEXTS)] for n, name in enumerate(NAMES)})
    for n, value in enumerate(VALUES):
        run.log_metric("values", value, step=n - 2, timestamp=1_000)
    for step in STEPS:
        run.log_metric("steps \u6587/%41", step / 7, step=step, timestamp=2_000)
    for n in range(3):
        run.log_metric("one step", float(n), step=2**40, timestamp=3_000)
    run.use_dataset(name="data", version="1", digest="sha256:" + "0f" * 32, context="training", rows=10)
    run.use_dataset(name="data", version="1", digest="sha256:" + "0f" * 32, context="test", rows=10)
    run.log_text("", "empty")
    run.log_text("\u6587\n", "dir/%41 \u0444\u0430\u0439\u043b.txt")


def _nasty_run(lab: Lab, **options: object) -> str:
    with lab.start_run(**options) as run:
        nasty(run)
    return str(run.id)


@check("C1", "every reader computes one digest, and it is stable", capability="runs")
def one_digest(lab: Lab) -> None:
    run_id = _nasty_run(lab)
    first = lab.store.runs.digest(run_id)
    holds(first.startswith("sha256:") and len(first) == 71, f"{first} is a digest")
    same([store.runs.digest(run_id) for store in (*lab.stores(), lab.second())], [first] * 3, "the digest")


@check("C1", "a run sent to two backends has one digest on both", capability="runs")
def same_as_memory(lab: Lab) -> None:
    from trackbridge.store import connect

    oracle = f"memory://{lab.name('oracle')}"
    with lab.start_run(backend=[lab.url, oracle], name="both") as run:
        nasty(run)
    with connect(oracle) as other:
        expected, actual = other.runs.get(run.id), lab.second().runs.get(run.id)
        for field in (
            "name",
            "experiment",
            "status",
            "started_ms",
            "ended_ms",
            "params",
            "tags",
            "metrics",
            "attributes",
        ):
            same(getattr(actual, field), getattr(expected, field), f"the {field} of the run")
        same(list(lab.second().metrics.read(run.id)), list(other.metrics.read(run.id)), "the points")
        for content in (False, True):
            same(lab.second().runs.digest(run.id, content=content), other.runs.digest(run.id, content=content),
                 f"the digest, content={content}")  # fmt: skip


@check("C1", "whatever is changed changes the digest, and what is ours does not", capability="runs")
def sensitive(lab: Lab) -> None:
    run_id = lab.logged(params={"a": 1}, tags={"t": "x"}, metrics={"m": [1.0]})

    def resumed(act: Callable[[Run], object]) -> None:
        with lab.start_run(run_id=run_id, resume="must") as run:
            act(run)

    acts: dict[str, Callable[[], object]] = {
        "a param": lambda: resumed(lambda run: run.log_param("b", 1)),
        "a tag": lambda: lab.store.runs.edit(run_id, tags={"t": "y"}),
        "a deleted tag": lambda: lab.store.runs.edit(run_id, tags={"t": None}),
        "notes": lambda: lab.store.runs.edit(run_id, notes="n"),
        "a name": lambda: lab.store.runs.edit(run_id, name="n"),
        "a point": lambda: resumed(lambda run: run.log_metric("m", 1.0, step=0, timestamp=9)),
        "an artifact": lambda: lab.put(run_id, "a.txt", b"1"),
        "its content": lambda: lab.put(run_id, "a.txt", b"2"),
        "a dataset": lambda: resumed(lambda run: run.use_dataset(name="d")),
    }
    seen = [lab.store.runs.digest(run_id)]
    for what, act in acts.items():
        act()
        digest = lab.second().runs.digest(run_id)
        holds(digest not in seen, f"{what} changes the digest")
        seen.append(digest)
    lab.store.runs.delete(run_id)
    lab.store.runs.restore(run_id)
    same(lab.second().runs.digest(run_id), seen[-1], "the digest of a run that was deleted and restored")


@check("C1", "the canonical form says each fact in the one way it has", capability="runs")
def form(lab: Lab) -> None:
    points = [(-1, 5, 0.5), (2**53 + 1, 1, float("-inf")), (2**53 + 1, 2, -0.0)]
    with lab.start_run(params={"b": 1, "a": float("nan"), "c": [None, True]}, tags={"t": "x"}) as run:
        for step, time, value in points:
            run.log_metric("m", value, step=step, timestamp=time)
        run.log_text("content", "\u6587.txt")
    text = lab.store.runs.canonical(run.id)
    same([store.runs.canonical(run.id) for store in lab.stores()], [text] * 2, "the form")
    facts = json.loads(text)
    same(json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":")), text, "the text of the form")
    same(facts["params"], {"a": ["float", "7ff8000000000000"], "b": ["int", "1"],
                           "c": ["list", [["none", None], ["bool", True]]]}, "the params")  # fmt: skip
    packed = b"".join(struct.pack(">qqd", *point) for point in points)
    same(facts["metrics"], {"m": [3, hashlib.sha256(packed).hexdigest()]}, "the series")
    same(facts["artifacts"], [["\u6587.txt", 7, hashlib.sha256(b"content").hexdigest()]], "the artifacts")
    same(lab.store.runs.digest(run.id), "sha256:" + hashlib.sha256(text.encode()).hexdigest(), "the digest")


@check("C1", "any sequence of operations leaves what it leaves in memory", capability="runs")
def beside_memory(lab: Lab) -> None:
    from trackbridge.testing.machine import run_beside_memory

    run_beside_memory(lab)


@check("C2", "a deterministic script gives one content digest, whenever it runs", capability="runs")
def content(lab: Lab) -> None:
    parent = lab.logged()
    first, second = _nasty_run(lab), _nasty_run(lab, parent=parent, run_id=new_run_id())
    digests = [store.runs.digest(run_id, content=True) for run_id in (first, second) for store in lab.stores()]
    same(digests, digests[:1] * 4, "the content digests")
    holds(lab.store.runs.digest(first) != lab.store.runs.digest(second), "the runs' own digests differ")


@check("C2", "times, sources and system metrics do not count, values do", capability="runs")
def content_only(lab: Lab) -> None:
    def script(value: float, *, at: int, uri: str, load: float) -> str:
        with lab.start_run() as run:
            run.log_metric("loss", value, step=0, timestamp=at)
            run.log_metric("loss", value, step=0, timestamp=at + 5)
            run.log_metric("system/cpu", load, step=0, timestamp=at)
            run.use_dataset(name="d", digest="md5:00ff", uri=uri)
            run.log_text(f"flavor: x\nrun_id: {run.id}\nmodel_uuid: {at}\n", "m/MLmodel")
        places = (
            AttributeWrite("source.host", uri, Stamp(1, "w", 1)),
            AttributeWrite("environment.cpus", at, Stamp(1, "w", 2)),
        )
        lab.write(run.id, RunWrites(attributes=places))
        return lab.second().runs.digest(run.id, content=True)

    one = script(0.5, at=1_000, uri="s3://a", load=1.0)
    same(script(0.5, at=9_000, uri="s3://b", load=2.0), one, "the content digest at another time and place")
    holds(script(0.25, at=1_000, uri="s3://a", load=1.0) != one, "another value gives another content digest")


@check("C2", "how often a point was logged counts", capability="runs")
def multiplicity(lab: Lab) -> None:
    def script(times: tuple[int, ...]) -> str:
        with lab.start_run() as run:
            for time in times:
                run.log_metric("loss", 0.5, step=0, timestamp=time)
        return lab.second().runs.digest(run.id, content=True)

    same(script((1, 2)), script((5, 9)), "two points at other times")
    holds(script((1, 2)) != script((1,)), "two points are not one")


@check("C3", "a model's digest covers versions and trail, for every reader", capability="registry")
def model(lab: Lab) -> None:
    name = lab.model(versions=2)
    seen: list[str] = []
    acts: dict[str, Callable[[], object]] = {
        "nothing": lambda: None,
        "a stage": lambda: lab.store.registry.transition(name, 1, "Staging"),
        "an approval": lambda: lab.store.registry.approve(name, 1),
        "an alias": lambda: lab.store.registry.set_alias(name, "champion", 2),
        "a description": lambda: lab.store.registry.update(name, description="x"),
        "a tag of a version": lambda: lab.store.registry.update(name, 2, tags={"a": "1"}),
        "a version": lambda: lab.register(name),
    }
    for what, act in acts.items():
        act()
        first, second = (store.registry.digest(name) for store in lab.stores())
        same(second, first, f"the digest that a second reader computes after {what}")
        holds(first not in seen, f"{what} changes the digest")
        seen.append(first)


@check("C3", "a model copied with its trail keeps its digest", capability="registry")
def copied_model(lab: Lab) -> None:
    from trackbridge.protocol import open_backend
    from trackbridge.store import Store

    name = lab.model(versions=2)
    registry = lab.store.registry
    registry.transition(name, 2, "Production", actor="alice", comment="\u6587")
    registry.update(name, 2, description="best", tags={"a": "1"})
    registry.set_alias(name, "champion", 2)
    source = lab.reopen().adapter.registry
    copy = open_backend(f"memory://{lab.name('copy')}")
    copy.adapter.registry.ensure_model(name)
    for version in source.versions(name):
        copy.adapter.registry.create_version(name, version.spec, version.number)
    for n, data in enumerate(source.entries(name)):
        holds(copy.adapter.registry.append_entry(name, n, data), f"entry {n} is copied")
    same(Store(copy).registry.digest(name), lab.second().registry.digest(name), "the digest of the copy")
    holds(lab.store.registry.digest(name) != lab.store.registry.digest(lab.model()), "another model has another")


@check("C1", "a run loaded at once is the run that was meant, loaded twice too", capability="bulk")
def loaded(lab: Lab) -> None:
    header = RunHeader(new_run_id(), lab.experiment, 1_600_000_000_123)
    stamps = [Stamp(1_600_000_000_000_000_000 + n, "w", n) for n in range(3)]
    writes = RunWrites(
        params={f"p{n:03d}": str(n) for n in range(150)},
        tags=(TagWrite("team", "risk", stamps[0]),),
        attributes=(AttributeWrite("name", "loaded", stamps[1]),),
        status=StatusWrite(0, "FAILED", 1_600_000_009_999, stamps[2]),
    )
    points = [MetricPoint(name, step, step, step / 8) for name in ("a", "b") for step in range(1_200)]
    batches = [points[:700], points[700:1_200], points[1_200:]]
    lab.backend.adapter.experiments.ensure(lab.experiment)
    chunk = min(lab.limits.params_per_write, lab.limits.items_per_write - 3)
    first = dict(list(writes.params.items())[:chunk])
    for _ in range(2):
        same(
            lab.backend.adapter.bulk.load(header, replace(writes, params=first), iter(batches)), (), "what was refused"
        )
    for record in lab.records(header.id):
        same((record.params, record.tags, record.name), (first, {"team": "risk"}, "loaded"), "params, tags and name")
        same(
            (record.status, record.started_ms, record.ended_ms),
            ("FAILED", 1_600_000_000_123, 1_600_000_009_999),
            "times",
        )
    same(lab.points(header.id), points, "the points")
    same(lab.found(), [header.id], "the runs that a search finds")
