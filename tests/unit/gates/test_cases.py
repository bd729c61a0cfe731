"""The table: what each check says of what it is given. A row is a check as it is configured, a candidate, a baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trackbridge.gates import judge, parse_gate
from trackbridge.records.datasets import DatasetRecord
from trackbridge.records.metrics import MetricSummary

NAN, INF = math.nan, math.inf
PASS, FAIL, UNSURE = "pass", "fail", "insufficient"
DATA = DatasetRecord("d", digest="sha256:00", context="training")
SERIES = MetricSummary(0.5, 9, 1_800_000_000_000, 0.1, 0.9, 10)
NONE: dict[str, float] = {}


@dataclass(frozen=True)
class Case:
    """`candidate` and `baseline` are metrics, or all arguments of `make_facts`; no baseline is None."""

    name: str
    gate: Mapping[str, Any]
    candidate: Mapping[str, Any]
    baseline: Mapping[str, Any] | None
    expected: str
    why: str


def metric(**keys: Any) -> dict[str, Any]:
    return {"metric": [{"name": "auc", **keys}]}


def higher(allowed: float | str, **rest: Any) -> dict[str, Any]:
    return metric(direction="higher", max_regression=allowed, **rest)


def lower(allowed: float | str, **rest: Any) -> dict[str, Any]:
    return metric(direction="lower", max_regression=allowed, **rest)


def sliced(**keys: Any) -> dict[str, Any]:
    return {"slice": [{"metric": "tpr", "by": ["sex"], **keys}]}


def groups(**values: tuple[float, int | None]) -> dict[str, float]:
    rows = {f"rows/sex:{name}": float(count) for name, (_, count) in values.items() if count is not None}
    return {**{f"tpr/sex:{name}": value for name, (value, _) in values.items()}, **rows}


def schema(**keys: Any) -> dict[str, Any]:
    return {"schema": {"path": "features.json", **keys}}


def columns(*listed: tuple[Any, ...]) -> dict[str, Any]:
    return {"columns": list(listed)}


AMOUNT, COUNT, NAME = ("amount", "double"), ("count", "long"), ("name", "string")

CASES = [
    # Absolute bounds: both ends are allowed.
    Case("above the minimum", metric(min=0.9), {"auc": 0.91}, None, PASS, "0.91; at least 0.9 is required"),
    Case("at the minimum", metric(min=0.9), {"auc": 0.9}, None, PASS, "at least 0.9"),
    Case("below the minimum by one bit", metric(min=0.9), {"auc": math.nextafter(0.9, 0)}, None, FAIL, "at least 0.9"),
    Case("at the maximum", metric(max=-1.5), {"auc": -1.5}, None, PASS, "at most -1.5"),
    Case("above the maximum", metric(max=10), {"auc": 10.5}, None, FAIL, "at most 10 is required"),
    Case("between both", metric(min=0, max=1), {"auc": 0.0}, None, PASS, "at least 0 and at most 1"),
    Case("-0.0 is not below 0", metric(min=0), {"auc": -0.0}, None, PASS, "is -0;"),
    Case("a bound on NaN", metric(min=0.9), {"auc": NAN}, None, UNSURE, "auc of version 2 is NaN"),
    Case("a bound on nothing", metric(min=0.9), {"other": 1.0}, None, UNSURE, "version 2 has no metric 'auc'"),
    Case("an infinite loss", metric(max=1), {"auc": INF}, None, FAIL, "is inf"),
    Case("an infinity within", metric(min=0.9), {"auc": INF}, None, UNSURE, "infinity is no measurement"),
    Case("a bound needs no baseline's metric", metric(min=0.9), {"auc": 0.95}, NONE, PASS, "0.95"),
    Case("the greatest of a series", metric(min=0.9, use="max"), {"auc": SERIES}, None, PASS, "is 0.9;"),
    Case("the least of a series", metric(min=0.2, use="min"), {"auc": SERIES}, None, FAIL, "is 0.1;"),
    Case("fresh enough", metric(min=0.9, max_age_s=1), {"auc": 0.95}, None, PASS, "0.95"),
    Case("stale", metric(min=0.9, max_age_s=0.9), {"auc": 0.95}, None, UNSURE, "is stale: 1 s old, at most 0.9 s"),
    Case("stale by the gate's rule", {**metric(min=0.9), "max_age_s": 0.5}, {"auc": 0.95}, None, UNSURE, "stale"),
    Case("its own rule over the gate's", {**metric(min=0.9, max_age_s=5), "max_age_s": 0.5}, {"auc": 0.95}, None, PASS, ""),
    # Against the baseline, absolutely.
    Case("better", higher(0.005), {"auc": 0.98}, {"auc": 0.97}, PASS, "0.01 better than version 1 (0.97)"),
    Case("the same", higher(0), {"auc": 0.97}, {"auc": 0.97}, PASS, "the same as version 1"),
    Case("worse within", higher(0.005), {"auc": 0.966}, {"auc": 0.97}, PASS, "0.004 worse than version 1"),
    Case("worse by exactly as much", higher(0.005), {"auc": 0.965}, {"auc": 0.97}, PASS, "at most 0.005 is allowed"),
    Case("worse by one bit more", higher(0.005), {"auc": math.nextafter(0.965, 0)}, {"auc": 0.97}, FAIL, "at most 0.005"),
    Case("worse by a bit and none allowed", higher(0), {"auc": math.nextafter(1, 0)}, {"auc": 1.0}, FAIL, "worse than"),
    Case("lower is better", lower(10), {"auc": 95.0}, {"auc": 100.0}, PASS, "5 better than version 1"),
    Case("lower is better, at the limit", lower(10), {"auc": 110.0}, {"auc": 100.0}, PASS, "10 worse"),
    Case("lower is better, beyond", lower(10), {"auc": 110.1}, {"auc": 100.0}, FAIL, "10.1 worse"),
    # Against the baseline, relative to its magnitude.
    Case("relative within", higher("0.5%"), {"auc": 0.996}, {"auc": 1.0}, PASS, "0.005 (0.5 % of |1|)"),
    Case("relative at the limit", higher("0.5%"), {"auc": 0.995}, {"auc": 1.0}, PASS, "0.005 worse"),
    Case("relative beyond", higher("0.5%"), {"auc": 0.9949}, {"auc": 1.0}, FAIL, "at most 0.005"),
    Case("negative baseline, worse within", higher("10%"), {"auc": -110.0}, {"auc": -100.0}, PASS, "10 worse"),
    Case("negative baseline, beyond", higher("10%"), {"auc": -110.5}, {"auc": -100.0}, FAIL, "10 (10 % of |-100|)"),
    Case("negative baseline, lower is better", lower("10%"), {"auc": -90.0}, {"auc": -100.0}, PASS, "10 worse"),
    Case("negative baseline, lower is better, beyond", lower("10%"), {"auc": -89.0}, {"auc": -100.0}, FAIL, "11 worse"),
    Case("zero baseline, the same", higher("50%"), {"auc": 0.0}, {"auc": 0.0}, PASS, "the same as"),
    Case("zero baseline, any worse", higher("50%"), {"auc": -1e-300}, {"auc": 0.0}, FAIL, "at most 0 (50 % of |0|)"),
    Case("zero baseline, better", lower("50%"), {"auc": -1.0}, {"auc": 0.0}, PASS, "1 better"),
    Case("an absolute limit over a zero baseline", lower(0.1), {"auc": 0.1}, {"auc": 0.0}, PASS, "0.1 worse"),
    # What cannot be compared.
    Case("no baseline", higher(0.1), {"auc": 0.9}, None, UNSURE, "there is no baseline to compare with"),
    Case("no baseline allowed", {**higher(0.1), "no_baseline": "pass"}, {"auc": 0.9}, None, PASS, "no baseline"),
    Case("no baseline refused", {**higher(0.1), "no_baseline": "fail"}, {"auc": 0.9}, None, FAIL, "no baseline"),
    Case("no baseline and NaN", {**higher(0.1), "no_baseline": "pass"}, {"auc": NAN}, None, UNSURE, "is NaN"),
    Case("no baseline and no metric", {**higher(0.1), "no_baseline": "pass"}, NONE, None, UNSURE, "no metric 'auc'"),
    Case("the baseline lacks it", higher(0.1), {"auc": 0.9}, {"f1": 1.0}, UNSURE, "version 1 has no metric 'auc'"),
    Case("the baseline is NaN", higher(0.1), {"auc": 0.9}, {"auc": NAN}, UNSURE, "auc of version 1 is NaN"),
    Case("the candidate is NaN", lower("1%"), {"auc": NAN}, {"auc": 1.0}, UNSURE, "auc of version 2 is NaN"),
    Case("the candidate lacks it", lower("1%"), NONE, {"auc": 1.0}, UNSURE, "version 2 has no metric 'auc'"),
    Case("the baseline is infinite", higher("99%"), {"auc": 0.9}, {"auc": INF}, UNSURE, "nothing can be compared"),
    Case("infinitely bad", lower("1%"), {"auc": INF}, {"auc": 1.0}, FAIL, "is inf"),
    Case("infinitely good", lower("1%"), {"auc": -INF}, {"auc": 1.0}, UNSURE, "no measurement"),
    Case("infinitely bad without a baseline", higher(0), {"auc": -INF}, None, FAIL, "is -inf"),
    Case("a stale candidate", higher(0.1, max_age_s=0.5), {"auc": 0.9}, {"auc": 0.9}, UNSURE, "is stale"),
    Case("a stale baseline is a baseline", higher(0.1, max_age_s=5), {"auc": 0.9}, {"auc": 0.9}, PASS, "the same"),
    Case("its run is gone", higher(0.1), {"run": False}, {"auc": 0.9}, UNSURE, "version 2 has no run here"),
    Case("the baseline's run is gone", higher(0.1), {"auc": 0.9}, {"run": False}, UNSURE, "version 1 has no run here"),
    # Slices.
    Case("a gap within", sliced(max_gap=0.05), groups(F=(0.9, 99), M=(0.93, 99)), None, PASS, "0.03 apart"),
    Case("a gap at the limit", sliced(max_gap=0.05), groups(F=(0.90, 99), M=(0.95, 99)), None, PASS, "0.05 apart"),
    Case("a gap beyond", sliced(max_gap=0.05), groups(F=(0.8, 99), M=(0.9, 99), X=(0.85, 99)), None, FAIL,
         "sex = M (0.9) and sex = F (0.8) are 0.1 apart; at most 0.05 is allowed"),
    Case("one slice has no gap", sliced(max_gap=0.05), groups(F=(0.9, 99)), None, UNSURE, "a gap needs two"),
    Case("no slices", sliced(max_gap=0.05), {"tpr": 0.9}, None, UNSURE, "has no metric named 'tpr/sex:…'"),
    Case("a NaN slice", sliced(max_gap=0.05), groups(F=(NAN, 99), M=(0.9, 99), X=(0.9, 99)), None, UNSURE, "sex = F (nan)"),
    Case("a NaN slice beside a gap", sliced(max_gap=0.05), groups(F=(NAN, 99), M=(0.9, 99), X=(0.7, 99)), None, FAIL, "apart"),
    Case("an infinite slice", sliced(max_gap=0.05), groups(F=(INF, 99), M=(0.9, 99)), None, UNSURE, "sex = F (inf)"),
    Case("a one-row slice within", sliced(max_gap=0.05), groups(F=(0.9, 99), M=(0.9, 99), X=(0.92, 1)), None, PASS, "apart"),
    Case("a one-row slice beyond", sliced(max_gap=0.05), groups(F=(0.9, 99), M=(0.9, 99), X=(0.0, 1)), None, UNSURE,
         "only counting slices with fewer than 30 rows"),
    Case("one-row slices alone", sliced(max_gap=0.05), groups(F=(0.9, 1), M=(0.9, 1)), None, UNSURE, "no slices with"),
    Case("as many rows as are needed", sliced(max_gap=0.05), groups(F=(0.9, 30), M=(0.8, 30)), None, FAIL, "apart"),
    Case("one row less", sliced(max_gap=0.05), groups(F=(0.9, 30), M=(0.8, 29)), None, UNSURE, "fewer than 30 rows"),
    Case("rows that nobody logged count", sliced(max_gap=0.05), groups(F=(0.9, None), M=(0.8, None)), None, FAIL, "apart"),
    Case("the worst slice", sliced(min=0.8), groups(F=(0.79, 99), M=(0.9, 99)), None, FAIL,
         "sex = F (0.79); at least 0.8 is required of every slice"),
    Case("the worst slice at the bound", sliced(min=0.8), groups(F=(0.8, 99), M=(0.9, 99)), None, PASS, "every one of 2"),
    Case("the worst slice above", sliced(max=0.8), groups(F=(0.8, 99), M=(0.9, 99)), None, FAIL, "sex = M (0.9)"),
    Case("a one-row worst slice", sliced(min=0.8), groups(F=(0.0, 1), M=(0.9, 99)), None, UNSURE, "fewer than 30 rows"),
    Case("the only slice counts", sliced(min=0.8), groups(M=(0.9, 99)), None, PASS, "every one of 1"),
    Case("a stale slice", sliced(min=0.8, max_age_s=0.1), groups(M=(0.9, 99)), None, UNSURE, "is stale"),
    # The feature schema: amount is a number, count a long, name a string that may be missing.
    Case("the same columns", schema(), columns(AMOUNT, COUNT, NAME), None, PASS, "all 3 columns"),
    Case("a missing column", schema(), columns(AMOUNT, NAME), None, FAIL, "missing: 'count'"),
    Case("an optional column left out", schema(), columns(AMOUNT, COUNT), None, PASS, "all 2 columns"),
    Case("an extra column", schema(), columns(AMOUNT, COUNT, NAME, ("age", "long")), None, FAIL, "extra: 'age'"),
    Case("an extra column it can do without", schema(), columns(AMOUNT, COUNT, NAME, ("age", "long", False)), None, PASS, ""),
    Case("the same, strictly", schema(widening=False), columns(AMOUNT, COUNT, ("age", "long", False)), None, FAIL, "extra"),
    Case("a retyped column", schema(), columns(AMOUNT, ("count", "string"), NAME), None, FAIL, "'count' is string, not long"),
    Case("a narrowed column", schema(), columns(AMOUNT, ("count", "integer")), None, FAIL, "'count' is integer, not long"),
    Case("a widened column", schema(), columns(("amount", "any"), COUNT), None, PASS, "all 2 columns"),
    Case("the same, strictly", schema(widening=False), columns(("amount", "any"), COUNT), None, FAIL, "'amount' is any"),
    Case("reordered columns", schema(), columns(COUNT, AMOUNT, NAME), None, FAIL, "reordered: 'count'"),
    Case("reordered columns allowed", schema(ordered=False), columns(NAME, COUNT, AMOUNT), None, PASS, "all 3"),
    Case("all at once", schema(), columns(NAME, ("amount", "string"), ("x", "long")), None, FAIL,
         "missing: 'count'; extra: 'x'; retyped: 'amount' is string, not double or float; reordered: 'name'"),
    Case("no signature", schema(), NONE, None, UNSURE, "version 2 has no signature"),
    Case("a broken signature", schema(), {"signature": "{"}, None, UNSURE, "cannot be read"),
    Case("a signature of outputs only", schema(), {"signature": '{"outputs": [{"type": "long"}]}'}, None, UNSURE, "without inputs"),
    Case("a signature without names", schema(), {"signature": '{"inputs": [{"type": "long"}]}'}, None, UNSURE, "names of columns"),
    # Presence.
    Case("a dataset", {"presence": {"dataset": True}}, {"datasets": (DATA,)}, None, PASS, "has a dataset"),
    Case("a dataset without a digest", {"presence": {"dataset": True}}, {"datasets": (DatasetRecord("d"),)}, None, FAIL, "lacks"),
    Case("no dataset", {"presence": {"dataset": True}}, NONE, None, FAIL, "lacks a dataset with a digest"),
    Case("a dataset in another context", {"presence": {"contexts": ["validation"]}}, {"datasets": (DATA,)}, None, FAIL,
         "lacks a validation dataset"),
    Case("a dataset in its context", {"presence": {"contexts": ["training"]}}, {"datasets": (DATA,)}, None, PASS, "has a"),
    Case("an environment", {"presence": {"environment": True}}, {"attributes": {"environment.python": "3"}}, None, PASS, ""),
    Case("no environment", {"presence": {"environment": True}}, {"attributes": {"notes": "3"}}, None, FAIL, "lacks its env"),
    Case("an artifact", {"presence": {"artifacts": ["a/b.png"]}}, {"sizes": {"a/b.png": 1}}, None, PASS, "'a/b.png'"),
    Case("a folder", {"presence": {"artifacts": ["a/"]}}, {"sizes": {"a/b.png": 1}}, None, PASS, "'a/'"),
    Case("no artifact", {"presence": {"artifacts": ["a/b"]}}, {"sizes": {"a/b.png": 1}}, None, FAIL, "lacks the artifact"),
    Case("a tag of the run", {"presence": {"tags": ["team"]}}, {"tags": {"team": "x"}}, None, PASS, "'team'"),
    Case("a tag of the version", {"presence": {"tags": ["team"]}}, {"version_tags": {"team": "x"}}, None, PASS, "'team'"),
    Case("an empty tag", {"presence": {"tags": ["team"]}}, {"tags": {"team": ""}}, None, FAIL, "lacks the tag 'team'"),
    Case("a signature", {"presence": {"signature": True}}, {"signature": "{}"}, None, PASS, "has a signature"),
    Case("lacking a signature", {"presence": {"signature": True}}, NONE, None, FAIL, "lacks a signature"),
    Case("of a run that is gone", {"presence": {"dataset": True}}, {"run": False}, None, UNSURE, "no run here"),
    # Budgets.
    Case("small enough", {"budget": {"max_size_bytes": 30}}, {"sizes": {"model/a": 10, "model/b": 20, "x": 99}}, None, PASS,
         "has 30 bytes"),
    Case("too large", {"budget": {"max_size_bytes": 29}}, {"sizes": {"model/a": 10, "model/b": 20}}, None, FAIL, "at most 29"),
    Case("of unknown size", {"budget": {"max_size_bytes": 29}}, {"sizes": {"model/a": 1, "model/b": None}}, None, UNSURE, "not known"),
    Case("of no size", {"budget": {"max_size_bytes": 29}}, {"sizes": {"models": 1}}, None, UNSURE, "not known"),
    Case("fast enough", {"budget": {"max_latency_ms": 20}}, {"latency_p95_ms": 20.0}, None, PASS, "at most 20"),
    Case("too slow", {"budget": {"max_latency_ms": 20, "latency_metric": "p99"}}, {"p99": 21.0}, None, FAIL, "p99 of version 2"),
    Case("of unknown speed", {"budget": {"max_latency_ms": 20}}, NONE, None, UNSURE, "no metric 'latency_p95_ms'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gate")
    path.joinpath("features.json").write_text(
        '{"type": "object", "required": ["amount", "count"], "properties": {"amount": {"type": "number"},'
        ' "count": {"type": "integer", "format": "int64"}, "name": {"type": ["string", "null"]}}}'
    )
    return path


@pytest.mark.parametrize("case", CASES, ids=[f"{at}: {case.name}" for at, case in enumerate(CASES)])
def test_the_check_says_so(case: Case, facts: Any, baseline: Any, folder: Path) -> None:
    known = {"columns", "signature", "sizes", "tags", "version_tags", "datasets", "attributes", "run"}

    def made(make: Any, given: Mapping[str, Any]) -> Any:
        return make(**given) if given.keys() & known else make(given)

    gate = parse_gate("fraud", case.gate, base=folder)
    other = None if case.baseline is None else made(baseline, case.baseline)
    verdict = judge(made(facts, case.candidate), other, gate.checks)
    (finding,) = verdict.findings
    assert (finding.status, verdict.status) == (case.expected, case.expected), finding.reason
    assert case.why in finding.reason


def test_the_table_covers_every_kind_of_check_in_every_way(folder: Path, facts: Any) -> None:
    seen: dict[str, set[str]] = {}
    for case in CASES:
        checks = parse_gate("fraud", case.gate, base=folder).checks
        seen.setdefault(judge(facts({}), None, checks).findings[0].check, set()).add(case.expected)
    assert len(CASES) >= 40
    assert seen == {kind: {PASS, FAIL, UNSURE} for kind in ("metric", "slice", "schema", "presence", "budget")}


def test_small_slices_and_unknown_counts_are_named(facts: Any, folder: Path) -> None:
    checks = parse_gate("fraud", sliced(max_gap=1), base=folder).checks
    (finding,) = judge(facts(groups(F=(0.9, 40), M=(0.9, 2), X=(0.9, 1), Y=(0.9, None))), None, checks).findings
    assert finding.notes == (
        "sex = M: only 2 rows", "sex = X: only 1 row", "sex = Y: nobody logged how many rows it has",
    )  # fmt: skip


def test_widened_columns_are_named(facts: Any, folder: Path) -> None:
    checks = parse_gate("fraud", schema(), base=folder).checks
    (finding,) = judge(facts(**columns(("amount", "any"), COUNT, ("x", "long", False))), None, checks).findings
    assert finding.notes == (
        "'amount' is widened from double or float to any", "'x' is not in the schema, and the model does without it",
    )  # fmt: skip


def test_every_attribute_is_judged_by_itself_or_all_are_crossed(facts: Any, folder: Path) -> None:
    logged = {"tpr/sex:F": 0.9, "tpr/sex:M": 0.8, "tpr/age:1/2": 0.9, "tpr/age:3": 0.9, "tpr/sex:F/age:3": 0.1,
              "tpr/sex:M/age:3": 0.2}  # fmt: skip
    for crossed, expected in ((False, [0.1, 0.0]), (True, [0.1])):
        gate = {"slice": [{"metric": "tpr", "by": ["sex", "age"], "crossed": crossed, "max_gap": 1}]}
        findings = judge(facts(logged), None, parse_gate("fraud", gate, base=folder).checks).findings
        assert [finding.candidate for finding in findings] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "insufficient"], "insufficient"),
        (["insufficient", "fail", "pass"], "fail"),
        ([], "insufficient"),
    ],
)
def test_one_that_fails_outweighs_any_that_cannot_tell(facts: Any, statuses: list[str], expected: str) -> None:
    from trackbridge.gates.checks import Custom
    from trackbridge.protocol import GateCheck

    checks = [Custom(GateCheck(name=s, judge=lambda *_, s=s: (s, "so"))) for s in statuses]
    assert judge(facts({}), None, checks).status == expected


def test_a_plugin_that_breaks_or_babbles_proves_nothing(facts: Any) -> None:
    from trackbridge.gates.checks import Custom
    from trackbridge.protocol import GateCheck

    def breaks(*_: Any) -> Any:
        raise ZeroDivisionError("division by zero")

    checks = [Custom(GateCheck(name="a", judge=breaks)), Custom(GateCheck(name="b", judge=lambda *_: ("ok", "fine")))]
    verdict = judge(facts({}), None, checks)
    assert [finding.status for finding in verdict.findings] == ["insufficient", "insufficient"]
    assert "ZeroDivisionError" in verdict.findings[0].reason
    assert "'ok'" in verdict.findings[1].reason
