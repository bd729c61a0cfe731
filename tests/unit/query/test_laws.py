"""The laws of the language (S3, S4), over runs and expressions made of few names and few, awkward values."""

import itertools
import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from trackbridge.query import (
    And,
    Compare,
    Field,
    In,
    IsNull,
    Not,
    Or,
    OrderKey,
    matches,
    narrowing,
    order_key,
    parse,
    to_text,
)
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricSummary, value_key
from trackbridge.records.runs import STATUSES, RunRecord

NAMES = ("x", "y", "a.b", "loss.min", "für `x`", "and", "2")
TEXTS = ("", "a", "A", "b", "ß", "SS", "a%b", "a_b", "a\\b", "it's", '"', "é", "e\u0301", "😀", "true", "1")
NUMBERS = (0, 1, -1, 2, 2**53, 2**53 + 1, 2**70, 0.0, -0.0, 1.0, 0.5, 2.0**53, 2.0**70, float("inf"), float("-inf"))

literals = st.sampled_from([*TEXTS, *NUMBERS, True, False])
values = st.one_of(literals, st.just(None), st.just(float("nan")), st.just([1, "a"]), st.just({"a": 1}))
floats = st.sampled_from([float(number) for number in NUMBERS] + [float("nan")])
times = st.integers(0, 3)

summaries = st.builds(MetricSummary, floats, times, times, floats, floats, st.integers(1, 3))
datasets = st.builds(
    DatasetRecord,
    name=st.sampled_from(TEXTS[1:]),
    version=st.none() | st.sampled_from(TEXTS),
    digest=st.none() | st.sampled_from(["sha256:1", "sha256:2"]),
    uri=st.none() | st.sampled_from(TEXTS),
    context=st.none() | st.sampled_from(["training", "test"]),
    rows=st.none() | st.integers(0, 2),
)
runs = st.builds(
    RunRecord,
    id=st.sampled_from(["0" * 32, "a" * 32, "f" * 32]),
    name=st.none() | st.sampled_from(TEXTS[1:]),
    experiment=st.sampled_from(TEXTS[1:]),
    status=st.sampled_from(STATUSES),
    started_ms=times,
    ended_ms=st.none() | times,
    parent=st.none() | st.just("0" * 32),
    params=st.dictionaries(st.sampled_from(NAMES), values, max_size=4),
    tags=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(TEXTS), max_size=4),
    metrics=st.dictionaries(st.sampled_from(NAMES), summaries, max_size=4),
    datasets=st.lists(datasets, max_size=2).map(tuple),
)

time_fields = st.sampled_from([Field("run", "started"), Field("run", "ended")])
text_fields = st.one_of(
    st.builds(Field, st.sampled_from(["params", "tags"]), st.sampled_from(NAMES)),
    st.builds(Field, st.just("metrics"), st.sampled_from(NAMES), st.sampled_from(["last", "min", "max", "count"])),
    st.builds(
        Field,
        st.just("datasets"),
        st.just(""),
        st.sampled_from(["name", "version", "digest", "uri", "context", "schema", "rows"]),
    ),
    st.builds(Field, st.just("run"), st.sampled_from(["id", "name", "status", "experiment", "parent"])),
)
order_fields = st.one_of(time_fields, text_fields.filter(lambda field: field.family != "datasets"))

operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
patterns = st.lists(st.sampled_from(["%", "_", "\\%", "\\_", "\\\\", "a", "A", "ß", "s", "'"]), max_size=5).map("".join)
alike = st.one_of(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3),
    st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3),
    st.lists(st.booleans(), min_size=1, max_size=2),
).map(tuple)
mixed = st.lists(literals, min_size=1, max_size=3).map(tuple)
moments = st.one_of(times, st.just(1.5), st.just(-1))

leaves = st.one_of(
    st.builds(Compare, text_fields, operators, literals),
    st.builds(Compare, text_fields, st.sampled_from(["like", "ilike"]), patterns),
    st.builds(Compare, time_fields, operators, moments),
    st.builds(In, text_fields, mixed, st.just(False)),
    st.builds(In, text_fields, alike, st.just(True)),
    st.builds(In, time_fields, st.lists(moments, min_size=1, max_size=2).map(tuple), st.booleans()),
    st.builds(IsNull, text_fields | time_fields, st.booleans()),
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


def naive(expression, run):
    """S3 read word by word, without a thought for speed."""
    match expression:
        case And(parts):
            return all(naive(part, run) for part in parts)
        case Or(parts):
            return any(naive(part, run) for part in parts)
        case Not(part):
            return not naive(part, run)
        case Compare(field, operator, value):
            return any(holds(operator, found, value) for found in found_in(field, run))
        case In(field, values, False):
            return any(holds("=", found, value) for found in found_in(field, run) for value in values)
        case In(field, values, True):
            return any(all(holds("!=", found, value) for value in values) for found in found_in(field, run))
        case IsNull(field, negated):
            return bool(found_in(field, run)) == negated
    raise AssertionError(expression)


def found_in(field, run):
    match field:
        case Field("params", name):
            values = [run.params.get(name)]
        case Field("tags", name):
            values = [run.tags.get(name)]
        case Field("metrics", name, part):
            values = [getattr(run.metrics[name], part)] if name in run.metrics else []
        case Field("datasets", _, part):
            values = [getattr(dataset, part) for dataset in run.datasets]
        case Field("run", name):
            values = [getattr(run, {"started": "started_ms", "ended": "ended_ms"}.get(name, name))]
    return [value for value in values if value is not None]


def holds(operator, found, literal):
    kinds = {bool: "truth", int: "number", float: "number", str: "text"}
    if kinds.get(type(found)) != kinds[type(literal)]:
        return False
    if operator in {"like", "ilike"}:
        return like(found.casefold(), literal.casefold()) if operator == "ilike" else like(found, literal)
    if kinds[type(found)] == "number":
        if math.isnan(found):
            return False
        found, literal = exact(found), exact(literal)
    return {
        "=": found == literal,
        "!=": found != literal,
        "<": found < literal,
        "<=": found <= literal,
        ">": found > literal,
        ">=": found >= literal,
    }[operator]


def exact(number):
    return (0, Fraction(number)) if math.isfinite(number) else (math.copysign(1, number), Fraction(0))


def like(text, pattern):
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(like(text[cut:], pattern[1:]) for cut in range(len(text) + 1))
    head, rest = (pattern[:2], pattern[2:]) if pattern[0] == "\\" else (pattern[0], pattern[1:])
    return bool(text) and (head == "_" or text[0] == head[-1]) and like(text[1:], rest)


@given(expressions, runs)
def test_evaluation_is_what_s3_says(expression, run):
    assert matches(expression, run) is naive(expression, run)


@given(expressions)
def test_text_parses_to_the_same_tree(expression):
    again = parse(to_text(expression))
    assert repr(again) == repr(expression)  # repr tells 1 from 1.0 and True, which == does not


@given(expressions, expressions, runs)
def test_de_morgan(left, right, run):
    assert matches(Not(And((left, right))), run) == matches(Or((Not(left), Not(right))), run)
    assert matches(Not(Or((left, right))), run) == matches(And((Not(left), Not(right))), run)
    assert matches(Not(Not(left)), run) == matches(left, run)


@given(text_fields, alike, runs)
def test_in_is_a_chain_of_equals(field, literals, run):
    assert matches(In(field, literals), run) == matches(Or(tuple(Compare(field, "=", v) for v in literals)), run)
    if field.family != "datasets":  # there, another dataset may answer each part of the chain
        chain = And(tuple(Compare(field, "!=", v) for v in literals))
        assert matches(In(field, literals, negated=True), run) == matches(chain, run)


@given(expressions, runs, st.sets(st.sampled_from(["params", "metrics", "tags", "datasets", "run"])))
def test_narrowing_loses_no_run(expression, run, families):
    narrow = narrowing(expression, lambda leaf: leaf.field.family in families)
    if narrow is not None:
        assert families_of(narrow) <= families
        assert matches(narrow, run) or not matches(expression, run)


@given(expressions)
def test_narrowing_by_all_that_is_there_changes_nothing(expression):
    assert repr(narrowing(expression, lambda _: True)) == repr(expression)
    assert narrowing(expression, lambda _: False) is None


def families_of(expression):
    match expression:
        case And(parts) | Or(parts):
            return set().union(*map(families_of, parts))
        case Not(part):
            return families_of(part)
    return {expression.field.family}


orders = st.lists(st.builds(OrderKey, order_fields, st.booleans()), max_size=3)


@given(st.lists(runs, max_size=8, unique_by=lambda run: run.id), orders, st.randoms(use_true_random=False))
def test_order_is_total(found, keys, random):
    expected = [run.id for run in sorted(found, key=order_key(keys))]
    random.shuffle(found)
    assert [run.id for run in sorted(found, key=order_key(keys))] == expected


@given(st.lists(runs, max_size=6), order_fields, st.booleans())
def test_nulls_come_last_in_both_directions(found, field, descending):
    ordered = sorted(found, key=order_key([OrderKey(field, descending)]))
    missing = [not found_in(field, run) for run in ordered]
    assert missing == sorted(missing)


@given(st.lists(runs, max_size=6, unique_by=lambda run: run.id), order_fields)
def test_descending_is_ascending_backwards_but_for_ties_and_nulls(found, field):
    there = [run for run in found if found_in(field, run)]
    up, down = order_key([OrderKey(field)]), order_key([OrderKey(field, descending=True)])
    for left, right in itertools.combinations(there, 2):
        tied = up(left)[0] == up(right)[0]
        assert (up(left) < up(right)) == ((down(left) < down(right)) if tied else (down(left) > down(right)))


@given(st.lists(runs, min_size=2, max_size=2), st.sampled_from(NAMES))
def test_numbers_are_ordered_as_m4(pair, name):
    left, right = (run.metrics.get(name) for run in pair)
    if left and right and value_key(left.min) != value_key(right.min):
        key = order_key([OrderKey(Field("metrics", name, "min"))])
        assert (key(pair[0]) < key(pair[1])) == (value_key(left.min) < value_key(right.min))
