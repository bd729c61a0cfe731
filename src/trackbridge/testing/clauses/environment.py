"""E1: the environment is an open map, captured unless turned off, its files outside the listing."""

from __future__ import annotations

import platform

from trackbridge.records.writes import AttributeWrite, RunWrites, Stamp
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, same
from trackbridge.testing.hostile import TEXTS, VALUES
from trackbridge.testing.lab import Lab

__all__: list[str] = []


def _environment(attributes: object) -> dict[str, object]:
    assert isinstance(attributes, dict) or hasattr(attributes, "items")
    return {name: value for name, value in attributes.items() if name.startswith("environment.")}


@check("E1", "a captured environment says which Python ran", capability="environment")
def captured(lab: Lab) -> None:
    with lab.start_run(capture=True) as run:
        run.log_text("x", "mine.txt")
    first, second = (_environment(dict(record.attributes)) for record in lab.records(run.id))
    same(second, first, "the environment that a second reader sees")
    contains(first, platform.python_version(), "the environment")
    for record in lab.records(run.id):
        same((dict(record.params), dict(record.tags)), ({}, {}), "params and tags stay the user's own")


@check("E1", "its files stay out of the listing and come back", capability="environment")
def files(lab: Lab) -> None:
    from trackbridge.protocol import Scope

    with lab.start_run(capture=True) as run:
        run.log_text("x", "mine.txt")
    for store in lab.stores():
        same([one.path for one in store.artifacts.list(run.id)], ["mine.txt"], "the listing")
    objects = lab.reopen().adapter.objects
    kept = list(objects.list(Scope("run", run.id), "environment/"))
    holds(kept, "the packages of the environment are kept in a file")
    for one in kept:
        data = objects.get(Scope("run", run.id), one.name)
        same(len(data), one.size, f"the size of {one.name}")
    contains(b"".join(objects.get(Scope("run", run.id), one.name) for one in kept).decode(errors="replace").lower(),
             "trackbridge", "the packages of the environment")  # fmt: skip


@check("E1", "nothing is captured where that is turned off", capability="environment")
def turned_off(lab: Lab) -> None:
    from trackbridge.protocol import Scope

    run_id = lab.logged(capture=False)
    for record in lab.records(run_id):
        same(_environment(dict(record.attributes)), {}, "the environment")
    same(list(lab.backend.adapter.objects.list(Scope("run", run_id), "environment/")), [], "the files of it")


@check("E1", "values of any type are kept", capability="environment")
def typed(lab: Lab) -> None:
    values = {f"environment.text{n}": text for n, text in enumerate(TEXTS)}
    values |= {f"environment.float{n}": value for n, value in enumerate(VALUES)}  # type: ignore[misc]
    values |= {"environment.true": True, "environment.one": 1, "environment.big": 2**70,  # type: ignore[dict-item]
               "environment.list": [1, "a", [None]], "environment.map": {"a": {"b": 1.0}}, "environment.empty": []}  # type: ignore[dict-item]  # fmt: skip
    run_id = lab.logged()
    writes = tuple(AttributeWrite(name, value, Stamp(1, "w", n)) for n, (name, value) in enumerate(values.items()))
    lab.write(run_id, RunWrites(attributes=writes), writer="w")
    for record in lab.records(run_id):
        same(_environment(dict(record.attributes)), values, "the environment")
