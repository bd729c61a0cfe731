import pytest

from trackbridge.testing.checks import all_checks
from trackbridge.testing.report import Column, Outcome, conformance_page, make_report
from trackbridge.testing.suite import CLAUSES

KEPT = {one.id: Outcome(one, "kept") for one in all_checks()}


def rows(outcomes, deviations=None):
    return {row.clause: row for row in make_report("toy://x", outcomes, deviations or {}).rows}


def some(clause):
    return next(one for one in all_checks() if one.clause == clause)


def test_a_row_a_clause():
    report = make_report("toy://x", KEPT, {})
    assert [row.clause for row in report.rows] == list(CLAUSES)
    assert report.certified
    assert report.as_json()["backend"] == "toy://x"
    assert report.as_json()["rows"][0].keys() == {"clause", "verdict", "detail"}


def test_one_failed_check_fails_its_clause():
    one = some("M2")
    found = rows({**KEPT, one.id: Outcome(one, "failed", "two came back")})
    assert found["M2"].verdict == "failed"
    assert found["M2"].detail == f"{one.name}: two came back"
    assert not make_report("toy://x", {**KEPT, one.id: Outcome(one, "failed")}, {}).certified


def test_a_check_that_did_not_run_fails_its_clause():
    one = some("A5")
    found = rows({name: outcome for name, outcome in KEPT.items() if name != one.id})
    assert found["A5"].detail == f"{one.name}: did not run"


def test_a_refused_check_shows_in_its_clause():
    one = some("R7")
    found = rows({**KEPT, one.id: Outcome(one, "refused", "purge (never): no")})
    assert found["R7"].verdict == "refused"
    assert "purge (never): no" in found["R7"].detail


@pytest.mark.parametrize("provoked", [(), ("inf-clamped",)])
def test_a_declared_deviation_must_be_provoked(provoked):
    one = some("M1")
    found = rows({**KEPT, one.id: Outcome(one, "kept", provoked=provoked)}, {"inf-clamped": "M1"})
    assert found["M1"].verdict == ("kept" if provoked else "failed")
    assert "inf-clamped" in found["M1"].detail


def test_the_page_has_a_column_a_backend_and_notes():
    one = some("R7")
    good = make_report("memory://x", KEPT, {})
    other = make_report("toy://x", {**KEPT, one.id: Outcome(one, "failed", "a | b")}, {})
    page = conformance_page([Column("memory", "embedded", good), Column("toy", "real server", other)])
    lines = page.splitlines()
    assert "| clause | what holds | memory | toy |" in lines
    assert "| | *ran on* | *embedded* | *real server* |" in lines
    assert sum(line.startswith("| ") and line.split("|")[1].strip() in CLAUSES for line in lines) == len(CLAUSES)
    assert f"1. R7, toy: {one.name}: a | b" in lines
    assert "**failed** [1]" in page
