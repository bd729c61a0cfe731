"""P1–P3: names, typed values, written once."""

from __future__ import annotations

import math
from typing import Any

from trackbridge.errors import Conflict, Rejected
from trackbridge.records.writes import RunWrites
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.hostile import BAD_NAMES, NAMES, TEXTS, VALUES
from trackbridge.testing.lab import Lab

__all__: list[str] = []

KINDS: dict[str, Any] = {
    "none": None,
    "true": True,
    "false": False,
    "one": 1,
    "zero": 0,
    "one-float": 1.0,
    "zero-float": 0.0,
    "one-text": "1",
    "empty-text": "",
    "list": [1, 1.0, "1", True, None, [], {}],
    "empty-list": [],
    "nested": [[1, [2, [3]]], {"a": {"b": [None]}}],
    "empty-dict": {},
}


class Scalar:
    """What a numpy or torch scalar looks like to us: no shape, and a value behind `item()`."""

    shape = ()

    def __init__(self, value: object) -> None:
        self.value = value

    def item(self) -> object:
        """Give the value as plain Python."""
        return self.value


@check("P1", "odd names come back, each apart", capability="params")
def names(lab: Lab) -> None:
    params = {name: n for n, name in enumerate(NAMES)}
    run_id = lab.logged(params=params)
    for record in lab.records(run_id):
        same(record.params, params, "the params")
    lab.shows_params(run_id, params)


@check("P1", "what is no name is refused at the call and writes nothing", capability="params")
def bad_names(lab: Lab) -> None:
    with lab.start_run() as run:
        for bad in BAD_NAMES:
            with raises(Rejected, what=f"log_param({bad!r})"):
                run.log_param(bad, 1)
            with raises(Rejected, what=f"log_params({{'good': 1, {bad!r}: 1}})"):
                run.log_params({"good": 1, bad: 1})
    for record in lab.records(run.id):
        same(record.params, {}, "the params")


@check("P1", "nested dicts flatten with dots and an empty one is a value", capability="params")
def flattened(lab: Lab) -> None:
    run_id = lab.logged(params={"model": {"layers": {"width": 8}, "extra": {}, "list": [{"a": 1}]}, "x.y": 1})
    expected = {"model.layers.width": 8, "model.extra": {}, "model.list": [{"a": 1}], "x.y": 1}
    for record in lab.records(run_id):
        same(record.params, expected, "the params")


@check("P1", "two ways to one name are an error", capability="params")
def collision(lab: Lab) -> None:
    with lab.start_run() as run, raises(Rejected) as caught:
        run.log_params({"a": {"b": 1}, "a.b": 1})
    contains(caught, "a.b", "the message")
    same([record.params for record in lab.records(run.id)], [{}, {}], "the params")


@check("P1", "a name has up to 250 code points, flattened too", capability="params")
def long_names(lab: Lab) -> None:
    inner = "i" * 124
    params = {"\u6587" * 250: 1, "o" * 125 + "." + inner: 2}
    run_id = lab.logged(params={"\u6587" * 250: 1, "o" * 125: {inner: 2}})
    same([record.params for record in lab.records(run_id)], [params] * 2, "the params")
    with raises(Rejected):
        lab.start_run(params={"o" * 125: {"i" * 125: 1}})


@check("P2", "the type of every value comes back", capability="params")
def kinds(lab: Lab) -> None:
    run_id = lab.logged(params=KINDS)
    for record in lab.records(run_id):
        same(record.params, KINDS, "the params")
    lab.shows_params(run_id, KINDS)


@check("P2", "floats come back bit by bit", capability="params")
def floats(lab: Lab) -> None:
    params = {f"f{n}": value for n, value in enumerate(VALUES)}
    run_id = lab.logged(params=params)
    for record in lab.records(run_id):
        same(record.params, params, "the params")
    lab.shows_params(run_id, params)


@check("P2", "integers of any size come back", capability="params")
def integers(lab: Lab) -> None:
    values = (2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64, 2**70, -(2**70), 10**4_299)
    params = {f"i{n}": value for n, value in enumerate(values)}
    run_id = lab.logged(params=params)
    for record in lab.records(run_id):
        same(record.params, params, "the params")
    with lab.start_run() as run, raises(Rejected):
        run.log_param("too-long", 10**4_300)


@check("P2", "odd texts come back as they were", capability="params")
def texts(lab: Lab) -> None:
    params = {f"t{n}": text for n, text in enumerate(TEXTS)}
    run_id = lab.logged(params=params)
    for record in lab.records(run_id):
        same(record.params, params, "the params")
    lab.shows_params(run_id, params)


@check("P2", "64 KiB are kept and one byte more is refused", capability="params")
def large(lab: Lab) -> None:
    room = 64 * 1024 - len('["str",""]')
    params = {"ascii": "x" * room, "wide": "\u6587" * (room // 3)}
    run_id = lab.logged(params=params)
    for record in lab.records(run_id):
        same(record.params, params, "the params")
    lab.shows_params(run_id, params)
    with lab.start_run() as run, raises(Rejected) as caught:
        run.log_param("ascii", "x" * (room + 1))
    contains(caught, "65536", "the message names the limit")


@check("P2", "tuples are lists and array scalars are their item", capability="params")
def converted(lab: Lab) -> None:
    run_id = lab.logged(params={"tuple": (1, (2, 3)), "int": Scalar(3), "float": Scalar(0.5), "bool": Scalar(True)})
    expected = {"tuple": [1, [2, 3]], "int": 3, "float": 0.5, "bool": True}
    for record in lab.records(run_id):
        same(record.params, expected, "the params")


@check("P2", "anything else is refused at the call", capability="params")
def refused(lab: Lab) -> None:
    with lab.start_run() as run:
        for bad in (object(), b"bytes", {1, 2}, 1j, math, [object()], {"a": [b""]}, "\ud800", ["\udfff"], {1: {2: 3}}):
            with raises(Rejected, what=f"log_param('p', {bad!r})"):
                run.log_param("p", bad)
    same([record.params for record in lab.records(run.id)], [{}, {}], "the params")


@check("P2", "many params come back, more than one write takes", capability="params")
def many(lab: Lab) -> None:
    params = {f"p{n:04d}": n for n in range(1_100)}
    run_id = lab.logged(params=params)
    same([record.params for record in lab.records(run_id)], [params] * 2, "the params")
    same(len(lab.probed(run_id).params), len(params), "how many the raw client sees")


@check("P2", "what the caller changes afterwards changes nothing", capability="params")
def copied(lab: Lab) -> None:
    value: list[Any] = [1, [2]]
    run = lab.start_run()
    run.log_param("list", value)
    value[1].append(3)
    run.finish()
    same([record.params for record in lab.records(run.id)], [{"list": [1, [2]]}] * 2, "the params")


@check("P3", "the same value again is nothing", capability="params")
def again(lab: Lab) -> None:
    with lab.start_run(params=KINDS) as run:
        run.log_params(KINDS)
        run.log_param("nan", float("nan"))
        run.log_param("nan", float("nan"))
    same([record.params for record in lab.records(run.id)], [{**KINDS, "nan": float("nan")}] * 2, "the params")


@check("P3", "another value is refused, another type too", capability="params")
def other(lab: Lab) -> None:
    with lab.start_run(params={"a": 1}) as run:
        for value in (2, 1.0, True, "1", None, [1]):
            with raises(Conflict, Rejected) as caught:
                run.log_param("a", value)
            contains(caught, "'a'", "the message names the param")
    same([record.params for record in lab.records(run.id)], [{"a": 1}] * 2, "the params")


@check("P3", "a resumed run knows the params it had", capability="params")
def resumed(lab: Lab) -> None:
    run_id = lab.logged(params={"a": 1, "b": "long " * 2_000})
    run = lab.start_run(run_id=run_id, resume="must")
    with raises(Conflict, Rejected):
        run.log_param("a", 2)
    with raises(Conflict, Rejected):
        run.log_param("b", "other")
    run.log_param("a", 1)
    run.finish()
    same([record.params["a"] for record in lab.records(run_id)], [1, 1], "the param")


@check("P3", "the first delivered wins and the other is refused by name", capability="params")
def first_wins(lab: Lab) -> None:
    run_id = lab.logged(params={"a": "first"})
    refused = lab.write(run_id, RunWrites(params={"a": "second", "b": "new"}), writer="other")
    same([(one.kind, one.name) for one in refused], [("param", "a")], "what was refused")
    holds(all(one.reason for one in refused), "a reason is given")
    same(lab.write(run_id, RunWrites(params={"a": "first"}), writer="third"), (), "what the same value comes to")
    for record in lab.records(run_id):
        same(record.params, {"a": "first", "b": "new"}, "the params")
    lab.shows_params(run_id, {"a": "first", "b": "new"})
