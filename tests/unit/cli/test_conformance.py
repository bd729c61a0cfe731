"""The command around the suite; the suite itself has tests of its own."""

import json

import pytest

from trackbridge import testing
from trackbridge.cli import main
from trackbridge.testing import Report, Row
from trackbridge.testing.suite import CLAUSES


def reporting(**failed: str):
    """Stand in for the suite: every clause is kept, but those given."""
    rows = tuple(
        Row(clause, "failed", failed[clause]) if clause in failed else Row(clause, "kept", "2 checks")
        for clause in CLAUSES
    )

    def run(url, progress=None):
        progress(0, 1, "R1-first")
        progress(1, 1, "")
        return Report("1", url, rows)

    return run


def leave(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(("conformance", "memory://x", *arguments))
    return int(left.value.code or 0)


def test_a_backend_that_keeps_all_exits_0(monkeypatch, capsys) -> None:
    monkeypatch.setattr(testing, "run_conformance", reporting(), raising=False)
    assert leave() == 0
    said = capsys.readouterr().out
    assert f"{len(CLAUSES)} kept, 0 refused, 0 failed" in said


def test_a_clause_that_failed_exits_1_and_is_shown(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setattr(testing, "run_conformance", reporting(M1="[red]lost a bit[/red]"), raising=False)
    page = tmp_path / "conformance.md"
    assert leave("--report", str(page)) == 1
    assert "[red]lost a bit[/red]" in capsys.readouterr().out
    assert "**failed**" in page.read_text(encoding="utf-8")


def test_json_has_a_row_per_clause(monkeypatch, capsys) -> None:
    monkeypatch.setattr(testing, "run_conformance", reporting(P2="an int came back as a float"), raising=False)
    assert leave("--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"suite", "backend", "rows"}
    assert [row["clause"] for row in report["rows"]] == list(CLAUSES)
    assert {row["verdict"] for row in report["rows"]} == {"kept", "failed"}
