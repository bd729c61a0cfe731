"""What must hold of every verdict, whatever the numbers: a worse candidate never passes, and order is nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from trackbridge.gates import judge
from trackbridge.gates.checks import Allowance, Bound, Presence, Regression, SliceCheck
from trackbridge.gates.checks.readings import exact

many = settings(max_examples=300, deadline=None)  # a busy machine is no fault of a law

numbers = st.floats(allow_nan=False, allow_infinity=False)
anything = st.floats()
directions = st.sampled_from(["higher", "lower"])
shares = st.decimals(0, 1000, places=3)
amounts = st.floats(0, allow_nan=False, allow_infinity=False)
allowances = st.one_of(
    amounts.map(lambda amount: Allowance(exact(amount))),
    shares.map(lambda share: Allowance(exact(float(share)) / 100, relative=True)),
)


@pytest.fixture(scope="session")
def status(facts: Any) -> Callable[..., str]:
    """Judge two values of one metric."""

    def judged(check: Any, candidate: float, baseline: float | None) -> str:
        theirs = None if baseline is None else facts({"m": baseline}, number=1)
        return judge(facts({"m": candidate}), theirs, [check]).status

    return judged


def decimal_worse(direction: str, candidate: float, baseline: float) -> Decimal:
    """The oracle: how much worse, in decimals wide enough for any float, which shares nothing with the check."""
    better, worse = (candidate, baseline) if direction == "higher" else (baseline, candidate)
    return Decimal(repr(worse)) - Decimal(repr(better))


@many
@given(directions, amounts, numbers, numbers)
@example("higher", 0.005, 0.965, 0.97)
@example("lower", 0.1, 0.3, 0.2)
@example("higher", 0.0, -0.0, 0.0)
def test_an_absolute_regression_passes_exactly_within_its_limit(
    status: Any, direction: Any, amount: float, candidate: float, baseline: float
) -> None:
    check = Regression("m", direction, Allowance(exact(amount)))
    with localcontext(prec=2000):
        worse = decimal_worse(direction, candidate, baseline)
        assert status(check, candidate, baseline) == ("fail" if worse > Decimal(repr(amount)) else "pass")


@many
@given(directions, shares, numbers, numbers)
@example("higher", Decimal("0.5"), -100.5, -100.0)
@example("lower", Decimal(50), 5e-324, 0.0)
@example("higher", Decimal(300), -1.7e308, 1.7e308)
def test_a_relative_regression_passes_exactly_within_its_limit(
    status: Any, direction: Any, share: Decimal, candidate: float, baseline: float
) -> None:
    from fractions import Fraction

    check = Regression("m", direction, Allowance(Fraction(str(share)) / 100, relative=True))
    with localcontext(prec=2000):
        worse = decimal_worse(direction, candidate, baseline)
        allowed = abs(Decimal(repr(baseline))) * share / 100
        assert status(check, candidate, baseline) == ("fail" if worse > allowed else "pass")


@many
@given(directions, anything, anything)
def test_where_nothing_is_allowed_a_worse_candidate_never_passes(
    status: Any, direction: Any, candidate: float, baseline: float
) -> None:
    worse = candidate < baseline if direction == "higher" else candidate > baseline
    assume(worse)
    for relative in (False, True):
        check = Regression("m", direction, Allowance(exact(0.0), relative=relative))
        assert status(check, candidate, baseline) != "pass"


@many
@given(directions, allowances, numbers, numbers, numbers)
def test_what_passes_would_pass_if_it_were_better(
    status: Any, direction: Any, allowed: Allowance, one: float, other: float, baseline: float
) -> None:
    worse, better = sorted((one, other), reverse=direction == "lower")
    check = Regression("m", direction, allowed)
    if status(check, worse, baseline) == "pass":
        assert status(check, better, baseline) == "pass"
    if status(check, better, baseline) == "fail":
        assert status(check, worse, baseline) == "fail"


@many
@given(directions, allowances, anything, st.one_of(st.none(), anything))
def test_nan_never_passes_and_an_infinity_never_does(
    status: Any, direction: Any, allowed: Allowance, candidate: float, baseline: float | None
) -> None:
    check = Regression("m", direction, allowed, no_baseline="pass")
    if not math.isfinite(candidate) or (baseline is not None and not math.isfinite(baseline)):
        assert status(check, candidate, baseline) != "pass"
    for bound in (Bound("m", min=0), Bound("m", max=0), Bound("m", min=-1, max=1)):
        if not math.isfinite(candidate):
            assert status(bound, candidate, baseline) != "pass"


checks = st.lists(
    st.one_of(
        st.builds(Bound, st.sampled_from("mno"), numbers, st.none()),
        st.builds(Regression, st.sampled_from("mno"), directions, allowances),
        st.builds(SliceCheck, st.sampled_from("mno"), st.just(("sex",)), max_gap=amounts, min=numbers),
        st.builds(Presence, dataset=st.booleans(), tags=st.just(("team",))),
    ),
    max_size=6,
)
metrics = st.dictionaries(
    st.sampled_from(["m", "n", "o", "m/sex:F", "m/sex:M", "n/sex:F", "n/sex:X", "rows/sex:F", "rows/sex:M"]), anything
)


@many
@given(checks.flatmap(lambda made: st.tuples(st.just(made), st.permutations(made))), metrics, st.none() | metrics)
def test_the_order_of_checks_is_nothing(
    facts: Any, ordered: tuple[list[Any], list[Any]], candidate: dict[str, float], baseline: dict[str, float] | None
) -> None:
    mine, theirs = facts(candidate), None if baseline is None else facts(baseline, number=1)
    verdicts = [judge(mine, theirs, each) for each in ordered]
    assert verdicts[0].status == verdicts[1].status
    assert sorted(map(repr, verdicts[0].findings)) == sorted(map(repr, verdicts[1].findings))
    for check in ordered[0]:
        alone = judge(mine, theirs, [check]).findings
        assert all(repr(finding) in map(repr, verdicts[0].findings) for finding in alone)


slices = st.lists(st.tuples(anything, st.none() | st.integers(0, 60)), max_size=6)


@many
@given(slices, amounts)
@example([(1.7e308, 99), (-1.7e308, 99)], 0.0)
def test_a_gap_passes_only_if_no_two_slices_are_further_apart(
    facts: Any, given_slices: list[tuple[float, int | None]], limit: float
) -> None:
    logged: dict[str, float] = {}
    for at, (value, rows) in enumerate(given_slices):
        logged[f"m/sex:{at}"] = value
        if rows is not None:
            logged[f"rows/sex:{at}"] = float(rows)
    found = judge(facts(logged), None, [SliceCheck("m", ("sex",), max_gap=limit)]).status
    with localcontext(prec=2000):
        finite = [(Decimal(repr(value)), rows) for value, rows in given_slices if math.isfinite(value)]
        apart = [abs(a - b) > Decimal(repr(limit)) for a, _ in finite for b, _ in finite]
        large = [value for value, rows in finite if rows is None or rows >= 30]
        sure = any(abs(a - b) > Decimal(repr(limit)) for a in large for b in large)
    if sure:
        assert found == "fail"
    elif any(apart) or len(finite) < len(given_slices) or len(large) < 2:
        assert found == "insufficient"
    else:
        assert found == "pass"
