"""What `local` finds by SQL is what the core finds in `memory`, in the same order (S1–S4)."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trackbridge.errors import Rejected
from trackbridge.protocol import Adapter, NativeRun, Scan, open_backend
from trackbridge.query import And, Compare, Field, In, IsNull, Not, Or, OrderKey, matches, order_key, parse, parse_order
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricPoint
from trackbridge.records.values import canonical_json, encode_value
from trackbridge.records.writes import AttributeWrite, RunHeader, RunWrites, Stamp, StatusWrite, TagWrite

NAMES = ["a", "b", "x.y`z"]
TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "a%",
    "a_b",
    "Ä",
    "ß",
    "SS",
    "\ue000",
    "\U0001f600",
    "a\nb",
    "nul\0x",
    "1",
    "NaN",
    "-0.0",
    "10",
]
NUMBERS = [0, 1, 2, -1, 10, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**70, 2**70 + 1, 10**400, -(10**400),
           0.0, -0.0, 1.0, 0.5, 2.0**53, 2.0**63, 2.0**70, -(2.0**63), 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan]  # fmt: skip
PARAMS = [None, True, False, *TEXTS, *NUMBERS, [1, "a"], [1.0], {}, {"k": math.nan}]
FLOATS = [float(number) for number in NUMBERS if abs(number) < 10**300 or isinstance(number, float)]
PATTERNS = [
    "%",
    "_",
    "a%",
    "%b",
    "A",
    "\\%",
    "a\\%",
    "a\\_b",
    "ß",
    "%\\",
    "%a%b%",
    "a_b",
    "\\\\",
    "%\ue000%",
    "[a]",
    "*",
]

FIELDS = [
    *[Field("params", name) for name in NAMES],
    *[Field("tags", name) for name in NAMES],
    *[Field("metrics", name, part) for name in NAMES[:2] for part in ("last", "min", "max", "count")],
    *[Field("run", name) for name in ("id", "name", "status", "experiment", "parent", "started", "ended")],
]
DATASET_FIELDS = [
    Field("datasets", "", part) for part in ("name", "version", "digest", "uri", "context", "schema", "rows")
]
IDS = [f"{n:032x}" for n in range(12)]

literals = st.sampled_from([*TEXTS, *NUMBERS, True, False, *IDS[:3], "e1", "RUNNING"])
fields = st.sampled_from([*FIELDS, *DATASET_FIELDS])
comparisons = st.one_of(
    st.builds(Compare, fields, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), literals),
    st.builds(Compare, fields, st.sampled_from(["like", "ilike"]), st.sampled_from([*PATTERNS, *TEXTS])),
    st.builds(In, fields, st.lists(literals, max_size=4).map(tuple), st.booleans()),
    st.builds(In, fields, st.lists(st.sampled_from(TEXTS), max_size=4).map(tuple), st.booleans()),
    st.builds(IsNull, fields, st.booleans()),
)
expressions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
orders = st.lists(st.builds(OrderKey, st.sampled_from(FIELDS), st.booleans()), max_size=3).map(tuple)


def mapping(values, names=NAMES):
    return st.dictionaries(st.sampled_from(names), st.sampled_from(values), max_size=len(names))


@dataclass(frozen=True)
class Content:
    """What one run has."""

    params: dict
    tags: dict
    metrics: dict
    datasets: list
    name: str | None
    parent: str | None
    started_ms: int
    ended_ms: int | None


contents = st.builds(
    Content,
    mapping(PARAMS),
    mapping(TEXTS),
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(FLOATS), min_size=1, max_size=3), max_size=2),
    st.lists(
        st.builds(
            DatasetRecord,
            st.sampled_from(["a", "ab"]),
            *[st.sampled_from([None, *TEXTS[1:5]])] * 5,
            st.sampled_from([None, 0, 10, 2**62]),
        ),
        max_size=2,
    ),
    st.sampled_from([None, *TEXTS[1:9]]),
    st.sampled_from([None, *IDS[:3]]),
    st.sampled_from([0, 1, 10, 2**40]),
    st.sampled_from([None, 10, 11]),
)


def fill(adapter: Adapter, runs: list[Content]) -> None:
    for n, (run_id, run) in enumerate(zip(IDS, runs, strict=False)):
        stamp = Stamp(n, "w", 0)
        experiment = f"e{n % 2}"
        adapter.experiments.ensure(experiment)
        adapter.runs.create(RunHeader(run_id, experiment, run.started_ms, run.parent))
        writes = RunWrites(
            params=run.params,
            tags=tuple(TagWrite(name, value, stamp) for name, value in run.tags.items()),
            attributes=(AttributeWrite("name", run.name, stamp),),
            datasets=tuple(run.datasets),
            status=StatusWrite(0, "FINISHED" if run.ended_ms else "RUNNING", run.ended_ms, stamp),
        )
        adapter.runs.write(run_id, writes)
        points = [
            MetricPoint(name, step, 0, v) for name, values in run.metrics.items() for step, v in enumerate(values)
        ]
        adapter.metrics.write(run_id, points)


def expected(memory: Adapter, where, order, experiments=None) -> list[str]:
    """Give what the core finds among the runs of the reference."""
    runs = memory.runs.scan(Scan(experiments=experiments))
    return [run.id for run in sorted((r for r in runs if where is None or matches(where, r)), key=order_key(order))]


def found(local: Adapter, where, order, experiments=None) -> list[str]:
    return [run.id for run in local.runs.scan(Scan(where, experiments, order))]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(runs=st.lists(contents, max_size=8), queries=st.lists(st.tuples(expressions, orders), min_size=1, max_size=8))
def test_sql_finds_what_the_core_finds(tmp_path, opened, runs, queries):
    memory, local = opened(f"memory://{uuid.uuid4().hex}"), opened(f"local://{tmp_path}/{uuid.uuid4().hex}")
    fill(memory, runs)
    fill(local, runs)
    for where, order in queries:
        assert found(local, where, order) == expected(memory, where, order), (where, order)
    assert [whole(run) for run in local.runs.scan(Scan())] == [
        whole(memory.runs.get([run])[run]) for run in expected(memory, None, ())
    ]


def whole(run: NativeRun) -> tuple[object, ...]:
    """Give all of a run in a form in which NaN equals NaN, and 1 does not equal 1.0."""
    params, metrics = canonical_json(encode_value(dict(run.params))), repr(sorted(run.metrics.items()))
    return run.id, run.name, run.status, run.ended_ms, run.parent, params, dict(run.tags), metrics, run.datasets


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A memory and a local store in which each param and metric value of interest has a run; only read."""
    memory, local = (
        open_backend(url).adapter
        for url in (f"memory://{uuid.uuid4().hex}", f"local://{tmp_path_factory.mktemp('two')}")
    )
    for adapter in (memory, local):
        adapter.experiments.ensure("e")
        for n, value in enumerate([*PARAMS, *FLOATS]):
            run_id = f"{n:032x}"
            adapter.runs.create(RunHeader(run_id, "e", n))
            if n < len(PARAMS):
                adapter.runs.write(run_id, RunWrites({"a": value}))
            else:
                adapter.metrics.write(run_id, [MetricPoint("a", 0, 0, value)])
    yield memory, local
    local.close()


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("field", [Field("params", "a"), Field("metrics", "a", "last")])
def test_every_pair_of_values_compares_as_in_the_core(two, field, operator):
    memory, local = two
    for literal in [*TEXTS, *NUMBERS, True, False]:
        for where in (Compare(field, operator, literal), Not(Compare(field, operator, literal))):
            assert found(local, where, ()) == expected(memory, where, ()), where


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", [Field("params", "a"), Field("metrics", "a", "min"), Field("metrics", "a", "count")])
def test_every_pair_of_values_sorts_as_in_the_core(two, field, descending):
    memory, local = two
    order = (OrderKey(field, descending),)
    assert found(local, None, order) == expected(memory, None, order)


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("values", [(), ("a",) * 300, tuple(range(40)), (*TEXTS, *NUMBERS), (1, "a"), (True, 1.0)])
def test_lists_of_any_length_and_mixture(two, values, negated):
    memory, local = two
    for field in (Field("params", "a"), Field("metrics", "a", "last"), Field("run", "started"), Field("run", "id")):
        where = In(field, values, negated)
        assert found(local, where, ()) == expected(memory, where, ()), field


def test_a_query_too_large_for_sql_is_answered_all_the_same(two):
    memory, local = two
    where = Or(tuple(Compare(Field("params", "a"), "=", n % 3) for n in range(400)))
    assert found(local, where, ()) == expected(memory, where, ()) != []


def test_an_order_too_long_for_sql_is_refused(two):
    keys = tuple(OrderKey(Field("metrics", f"m{n}", "last")) for n in range(70))
    with pytest.raises(Rejected, match="71 keys"):
        found(two[1], None, keys)


def test_experiments_and_a_query_together(tmp_path, opened):
    memory, local = opened(f"memory://{uuid.uuid4().hex}"), opened(f"local://{tmp_path}/s")
    runs = [Content({"a": n}, {}, {}, [], None, None, n, None) for n in range(6)]
    fill(memory, runs)
    fill(local, runs)
    where, order = parse("params.a != 2 and experiment != 'e7'"), parse_order(["params.a"])
    for experiments in (None, (), ("e0",), ("e1", "e0"), ("nowhere",)):
        assert found(local, where, order, experiments) == expected(memory, where, order, experiments)
    assert found(local, where, order, ("e0",)) == [IDS[0], IDS[4]]


def test_a_run_that_matches_no_more_is_left_out_of_later_pages(local, start):
    runs = [start(local, started_ms=10_000 - n) for n in range(600)]
    for run in runs:
        local.runs.write(run, RunWrites(tags=(TagWrite("keep", "yes", Stamp(1, "w", 0)),)))
    walk = local.runs.scan(Scan(where=parse("tags.keep = 'yes'")))
    first = next(walk).id
    local.runs.write(runs[-1], RunWrites(tags=(TagWrite("keep", "no", Stamp(2, "w", 0)),)))
    local.runs.set_deleted(runs[-2], deleted=True)
    assert [first, *[run.id for run in walk]] == runs[:-2]
