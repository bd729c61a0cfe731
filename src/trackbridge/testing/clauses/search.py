"""S1–S5: the same query gives the same runs in the same order on every backend."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from trackbridge.errors import Rejected
from trackbridge.records.ids import new_run_id
from trackbridge.records.times import iso
from trackbridge.records.writes import RunHeader
from trackbridge.testing.checks import check
from trackbridge.testing.expect import contains, holds, raises, same
from trackbridge.testing.hostile import NAMES, TEXTS
from trackbridge.testing.lab import Lab

__all__: list[str] = []

NAN, INF = float("nan"), float("inf")


def _expect(lab: Lab, runs: Mapping[str, str], queries: Mapping[str, str]) -> None:
    """Look at each query: it must find the runs whose letters stand behind it."""
    letters = {run_id: letter for letter, run_id in runs.items()}
    for where, expected in queries.items():
        found = "".join(sorted(letters[run_id] for run_id in lab.found(where)))
        same(found, "".join(sorted(expected)), f"the runs that {where!r} finds")


def _params(lab: Lab, values: Mapping[str, object]) -> dict[str, str]:
    return {letter: lab.logged(params={"p": value}) for letter, value in values.items()}


@check("S1", "every family of fields is found", capability="search")
def families(lab: Lab) -> None:
    with lab.start_run(name="first", params={"lr": 0.1, "deep.er": 1}, tags={"team": "risk"}) as one:
        for step, value in enumerate((3.0, 1.0, 2.0)):
            one.log_metric("loss", value, step=step, timestamp=step)
        one.use_dataset(name="d", version="7", digest="md5:00ff", uri="s3://a", context="training", rows=12)
    two = lab.logged(name="second", parent=one.id, status="FAILED")
    record = lab.store.runs.get(one.id)
    runs = {"a": one.id, "b": two}
    _expect(lab, runs, {
        "params.lr = 0.1": "a",
        "params.`deep.er` = 1": "a",
        "tags.team = 'risk'": "a",
        "metrics.loss = 2.0": "a",
        "metrics.loss.last = 2.0": "a",
        "metrics.loss.min = 1": "a",
        "metrics.loss.max = 3": "a",
        "metrics.loss.count = 3": "a",
        "datasets.name = 'd'": "a",
        "datasets.version = '7'": "a",
        "datasets.digest = 'md5:00ff'": "a",
        "datasets.uri = 's3://a'": "a",
        "datasets.context = 'training'": "a",
        "datasets.rows = 12": "a",
        f"id = '{two}'": "b",
        "name = 'first'": "a",
        "status = 'FAILED'": "b",
        f"experiment = '{lab.experiment}'": "ab",
        f"parent = '{one.id}'": "b",
        f"started = {record.started_ms}": "a" if lab.store.runs.get(two).started_ms != record.started_ms else "ab",
        f"ended <= {record.ended_ms}": "a" if lab.store.runs.get(two).ended_ms != record.ended_ms else "ab",
        f"started <= '{iso(record.started_ms)}'": "a" if lab.store.runs.get(two).started_ms != record.started_ms else "ab",
    })  # fmt: skip


@check("S1", "odd names stand in backquotes", capability="search")
def odd_names(lab: Lab) -> None:
    names = [name for name in NAMES if "`" not in name]
    run_id = lab.logged(params=dict.fromkeys(names, "p"), tags=dict.fromkeys(names, "t"))
    other = lab.logged(params={"unrelated": "p"})
    for name in names:
        same(lab.found(f"params.`{name}` = 'p'"), [run_id], f"the runs with the param {name!r}")
        same(lab.found(f"tags.`{name}` is null"), [other], f"the runs without the tag {name!r}")


@check("S1", "a part of a metric is not the metric of that name", capability="search")
def metric_parts(lab: Lab) -> None:
    runs = {
        "a": lab.logged(metrics={"loss": [1.0, 5.0]}),
        "b": lab.logged(metrics={"loss.min": [9.0]}),
    }
    _expect(lab, runs, {
        "metrics.loss.min = 1": "a",
        "metrics.`loss.min` = 9": "b",
        "metrics.`loss.min`.min = 9": "b",
        "metrics.loss.min = 9": "",
        "metrics.loss = 5": "a",
    })  # fmt: skip


@check("S1", "only the experiments asked for are searched", capability="search")
def experiments(lab: Lab) -> None:
    other, third = lab.name("other"), lab.name("third")
    runs = {lab.experiment: lab.logged(), other: lab.logged(experiment=other), third: lab.logged(experiment=third)}
    same(lab.found(), [runs[lab.experiment]], "the runs of one experiment")
    both = lab.found(experiments=[lab.experiment, other])
    same(set(both), {runs[lab.experiment], runs[other]}, "the runs of two experiments")
    same(lab.found(experiments=[]), [], "the runs of no experiment")
    same(lab.found(experiments=[lab.name("absent")]), [], "the runs of an experiment that is not there")
    everywhere = {run.id for run in lab.store.runs.search(where=f"id in ('{runs[other]}', '{runs[third]}')")}
    same(everywhere, {runs[other], runs[third]}, "the runs of all experiments")


@check("S2", "every operator does what it says", capability="search")
def operators(lab: Lab) -> None:
    runs = _params(lab, {"a": 1, "b": 2, "c": 3.5, "d": "two", "e": "Three"})
    _expect(lab, runs, {
        "params.p = 2": "b",
        "params.p != 2": "ac",
        "params.p < 2": "a",
        "params.p <= 2": "ab",
        "params.p > 2": "c",
        "params.p >= 2": "bc",
        "params.p in (1, 3.5, 'two')": "acd",
        "params.p not in (1, 3.5)": "b",
        "params.p like 't%'": "d",
        "params.p ilike 'T%'": "de",
        "params.p is null": "",
        "params.p is not null": "abcde",
        "params.p = 'two'": "d",
        "params.p > 'U'": "d",
    })  # fmt: skip


@check("S2", "and binds before or, not before both, parentheses before all", capability="search")
def precedence(lab: Lab) -> None:
    runs = {
        f"{x}{y}{z}": lab.logged(params={"x": x, "y": y, "z": z}) for x, y, z in itertools.product((0, 1), repeat=3)
    }
    names = {run_id: name for name, run_id in runs.items()}

    def found(where: str) -> set[str]:
        return {names[run_id] for run_id in lab.found(where)}

    x, y, z = "params.x = 1", "params.y = 1", "params.z = 1"
    every = [(name, *(digit == "1" for digit in name)) for name in runs]
    same(found(f"{x} or {y} and {z}"), {n for n, a, b, c in every if a or (b and c)}, "x or y and z")
    same(found(f"({x} or {y}) and {z}"), {n for n, a, b, c in every if (a or b) and c}, "(x or y) and z")
    same(found(f"not {x} and {y}"), {n for n, a, b, c in every if not a and b}, "not x and y")
    same(found(f"not ({x} and {y})"), {n for n, a, b, c in every if not (a and b)}, "not (x and y)")
    same(found(f"NOT {x} OR NOT {z} AND {y}"), {n for n, a, b, c in every if not a or (not c and b)}, "upper case")
    same(found(f"not not {x}"), {n for n, a, _, _ in every if a}, "not not x")


@check("S2", "quoted texts are taken as they are", capability="search")
def quoted(lab: Lab) -> None:
    texts = [text for text in TEXTS if len(text) < 600]
    runs = {text: lab.logged(params={"p": text}) for text in texts}
    for text, run_id in runs.items():
        quoted_ = text.replace("'", "''")
        same(lab.found(f"params.p = '{quoted_}'"), [run_id], f"the runs whose param is {text!r}")


@check("S2", "times are milliseconds or ISO texts", capability="search")
def times(lab: Lab) -> None:
    started = {"a": 0, "b": 1_577_836_800_000, "c": 1_577_836_800_001, "d": 253_402_300_799_999}
    lab.backend.adapter.experiments.ensure(lab.experiment)
    runs = {letter: new_run_id() for letter in started}
    for letter, ms in started.items():
        lab.backend.adapter.runs.create(RunHeader(runs[letter], lab.experiment, ms))
    _expect(lab, runs, {
        "started = 1577836800000": "b",
        "started = '2020-01-01'": "b",
        "started > '2020-01-01T00:00:00Z'": "cd",
        "started >= '2020-01-01T02:00:00+02:00'": "bcd",
        "started < '2020-01-01'": "a",
        "started <= '2020-01-01T00:00:00.001Z'": "abc",
        "started = 0": "a",
        "ended is null": "abcd",
    })  # fmt: skip


@check("S2", "bad input says where and what was expected", capability="search")
def bad_input(lab: Lab) -> None:
    lab.logged()
    for bad in ("params.a =", "= 1", "params.a = 1 and", "(params.a = 1", "params.a == 1", "params.a = 'open", "colour = 1",
                "params = 1", "metrics.loss.median > 1", "params.a in ()", "params.a like 1", "started > 'yesterday'",
                "1 = 1; drop table runs", "status = 'DONE' or", "params.a = 1 params.b = 2"):  # fmt: skip
        with raises(Rejected, what=f"the search {bad!r}") as caught:
            lab.found(bad)
        holds(len(str(caught)) > 20, "the message says something")
    with raises(Rejected) as caught:
        lab.found("params.a = 1 und params.b = 2")
    contains(caught, "und", "the message points at the place")
    for bad_order in (["colour"], ["params.a sideways"], ["metrics.loss desc desc"]):
        with raises(Rejected, what=f"the order {bad_order}"):
            lab.found(order_by=bad_order)


@check("S3", "a missing field answers no comparison, negated ones too", capability="search")
def missing(lab: Lab) -> None:
    runs = {"a": lab.logged(params={"p": 1}), "b": lab.logged(), "c": lab.logged(params={"p": None})}
    _expect(lab, runs, {
        "params.p = 1": "a",
        "params.p != 1": "",
        "params.p != 2": "a",
        "params.p not in (2)": "a",
        "params.p in (1)": "a",
        "params.p < 9": "a",
        "not params.p = 1": "bc",
        "not params.p != 2": "bc",
        "params.p is not null and params.p = 1": "a",
        "not (params.p = 1 or params.p != 1)": "bc",
        "metrics.m > 0 or not metrics.m > 0": "abc",
    })  # fmt: skip


@check("S3", "types do not mix and bool is no number", capability="search")
def types(lab: Lab) -> None:
    runs = _params(lab, {"a": 1, "b": 1.0, "c": True, "d": "1", "e": False, "f": 0, "g": [1], "h": "true"})
    _expect(lab, runs, {
        "params.p = 1": "ab",
        "params.p = 1.0": "ab",
        "params.p = '1'": "d",
        "params.p = true": "c",
        "params.p = false": "e",
        "params.p = 0": "f",
        "params.p != 1": "f",
        "params.p != '1'": "h",
        "params.p < 2": "abf",
        "params.p like '%'": "dh",
        "params.p in (1, true)": "abc",
    })  # fmt: skip


@check("S3", "NaN answers no comparison", capability="search")
def nan(lab: Lab) -> None:
    runs = {
        "a": lab.logged(metrics={"m": [NAN]}),
        "b": lab.logged(metrics={"m": [INF]}),
        "c": lab.logged(metrics={"m": [-0.0]}),
        "d": lab.logged(metrics={"m": [1.0, NAN]}),
    }
    _expect(lab, runs, {
        "metrics.m > 0": "b",
        "metrics.m <= 0": "c",
        "metrics.m = 0": "c",
        "metrics.m != 0": "b",
        "metrics.m not in (0)": "b",
        "not metrics.m > 0": "acd",
        "metrics.m.min = 1": "d",
        "metrics.m.min > 0": "bd",
        "metrics.m > 1e308": "b",
    })  # fmt: skip


@check("S3", "numbers compare exactly, however large", capability="search")
def exact(lab: Lab) -> None:
    runs = _params(lab, {"a": 2**53, "b": 2**53 + 1, "c": float(2**53), "d": 2**70})
    _expect(lab, runs, {
        f"params.p = {2**53}": "ac",
        f"params.p = {2**53 + 1}": "b",
        f"params.p > {2**53}": "bd",
        f"params.p <= {2**70}": "abcd",
        f"params.p < {2**70}": "abc",
    })  # fmt: skip


@check("S3", "strings compare by code point", capability="search")
def code_points(lab: Lab) -> None:
    runs = {"a": lab.logged(tags={"t": "Z"}), "b": lab.logged(tags={"t": "a"}), "c": lab.logged(tags={"t": "\u00e9"}),
            "d": lab.logged(tags={"t": "\uffee"}), "e": lab.logged(tags={"t": "\U0001f600"}),
            "f": lab.logged(tags={"t": ""}), "g": lab.logged(tags={"t": "a "})}  # fmt: skip
    _expect(lab, runs, {
        "tags.t < 'a'": "af",
        "tags.t <= 'a'": "abf",
        "tags.t > 'b'": "cde",
        "tags.t > '\uffee'": "e",
        "tags.t = ''": "f",
        "tags.t = 'a'": "b",
        "tags.t >= 'a'": "bcdeg",
        "tags.t = 'e\u0301'": "",
    })  # fmt: skip


@check("S3", "like tells cases apart and ilike folds them", capability="search")
def patterns(lab: Lab) -> None:
    texts = {"a": "abc", "b": "ABC", "c": "a%c", "d": "a_c", "e": "a\\c", "f": "a\nc", "g": "Stra\u00dfe", "h": "STRASSE",
             "i": "\u0410\u0411", "j": "\u0430\u0431", "k": ""}  # fmt: skip
    runs = {letter: lab.logged(tags={"t": text}) for letter, text in texts.items()}
    _expect(lab, runs, {
        "tags.t like 'abc'": "a",
        "tags.t like 'a%'": "acdef",
        "tags.t like 'a_c'": "acdef",
        "tags.t like 'a\\%c'": "c",
        "tags.t like 'a\\_c'": "d",
        "tags.t like 'a\\\\c'": "e",
        "tags.t like '%'": "abcdefghijk",
        "tags.t like ''": "k",
        "tags.t like '%b%'": "a",
        "tags.t ilike 'abc'": "ab",
        "tags.t ilike 'strasse'": "gh",
        "tags.t ilike '\u0410%'": "ij",
        "tags.t like '[a]%'": "",
        "tags.t like 'a.*'": "",
        "not tags.t like 'a%'": "bghijk",
    })  # fmt: skip


def _started(lab: Lab, times_ms: list[int]) -> list[str]:
    lab.backend.adapter.experiments.ensure(lab.experiment)
    ids = []
    for ms in times_ms:
        run_id = new_run_id()
        lab.backend.adapter.runs.create(RunHeader(run_id, lab.experiment, ms))
        ids.append(run_id)
    return ids


@check("S4", "by default the latest start comes first, then the id", capability="search")
def default_order(lab: Lab) -> None:
    times_ms = [5_000, 9_000, 5_000, 10_000, 5_000, 0]
    ids = _started(lab, times_ms)
    expected = [run_id for _, run_id in sorted(zip([-ms for ms in times_ms], ids, strict=True))]
    same(lab.found(), expected, "the order")
    same(lab.found(limit=3), expected[:3], "the first three")


@check("S4", "keys sort up and down, missing values last both ways", capability="search")
def nulls_last(lab: Lab) -> None:
    runs = {letter: lab.logged(params={"p": value} if value is not None else {})
            for letter, value in {"a": 10, "b": 9, "c": None, "d": 2.5, "e": None, "f": -1}.items()}  # fmt: skip
    letters = {run_id: letter for letter, run_id in runs.items()}
    nulls = "".join(letters[run_id] for run_id in sorted((runs["c"], runs["e"])))
    same("".join(letters[i] for i in lab.found(order_by=["params.p"])), f"fdba{nulls}", "upward")
    same("".join(letters[i] for i in lab.found(order_by=["params.p asc"])), f"fdba{nulls}", "upward, said aloud")
    same("".join(letters[i] for i in lab.found(order_by=["params.p desc"])), f"abdf{nulls}", "downward")


@check("S4", "metrics sort by the order of values", capability="search")
def metric_order(lab: Lab) -> None:
    values = {"a": 1.0, "b": -INF, "c": INF, "d": -0.0, "e": 0.0, "f": 10.0, "g": 9.0}
    runs = {letter: lab.logged(metrics={"m": [value]}) for letter, value in values.items()}
    letters = {run_id: letter for letter, run_id in runs.items()}
    same("".join(letters[i] for i in lab.found(order_by=["metrics.m desc"]))[:4], "cfga", "downward")
    same("".join(letters[i] for i in lab.found(order_by=["metrics.m"]))[:1], "b", "upward")


@check("S4", "several keys, and ties by id", capability="search")
def several_keys(lab: Lab) -> None:
    rows = [(team, score) for team in ("x", "y") for score in (2, 10, 2)]
    ids = [lab.logged(tags={"team": team}, params={"score": score}) for team, score in rows]
    expected = [
        run_id for _, _, run_id in sorted((row[0], -row[1], run_id) for row, run_id in zip(rows, ids, strict=True))
    ]
    same(lab.found(order_by=["tags.team", "params.score desc"]), expected, "the order")
    same(lab.found(order_by=["status"]), sorted(ids), "runs that tie, by id")


@check("S5", "a result of several pages is whole, each run once", capability="search")
def pages(lab: Lab) -> None:
    ids = _started(lab, [1_000 + n // 3 for n in range(lab.scale.runs)])
    found = lab.found()
    same((len(found), set(found) == set(ids)), (len(ids), True), "how many runs, and whether they are those")
    same(lab.found(order_by=["id"]), sorted(ids), "by id")
    half = lab.scale.runs // 2
    same(lab.found(order_by=["id desc"], limit=half), sorted(ids)[::-1][:half], "a limit")
    same((lab.found(limit=0), len(lab.found(limit=10**6))), ([], len(ids)), "a limit of nothing and one beyond all")


@check("S5", "runs that come and go meanwhile neither double nor hide others", capability="search")
def moving(lab: Lab) -> None:
    ids = _started(lab, [5_000 + n for n in range(lab.scale.runs)])
    writer = lab.second()
    results = lab.store.runs.search(experiments=[lab.experiment])
    found = [next(results).id]
    _started(lab, [9_000, 1, 5_001])
    writer.runs.delete(ids[lab.scale.runs // 2])
    found += [run.id for run in results]
    stayed = set(ids) - {ids[lab.scale.runs // 2]}
    same(len(found), len(set(found)), "how often each run came")
    holds(stayed <= set(found), f"{len(stayed - set(found))} runs that existed throughout were not found")


@check("S5", "a result is an iterator and starts before it is whole", capability="search")
def streamed(lab: Lab) -> None:
    ids = _started(lab, [1_000, 2_000, 3_000])
    results = lab.store.runs.search(experiments=[lab.experiment])
    same(next(results).id, ids[2], "the first")
    same([run.id for run in results], [ids[1], ids[0]], "the rest")
    same(list(results), [], "what is left of a result that was read")


@check("S5", "a table has a row a run", capability="search")
def table(lab: Lab) -> None:
    ids = [lab.logged(params={"p": value}, metrics={"m": [0.5]}) for value in (1, "x", None)]
    rows = lab.store.runs.table(experiments=[lab.experiment], order_by=["id"]).to_pylist()
    same([row["id"] for row in rows], sorted(ids), "the ids")
    holds(all(0.5 in row.values() for row in rows), f"each row has its metric: {rows}")
