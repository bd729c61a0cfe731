"""What a run of the suite found: one row a clause, as JSON and as the Markdown page in docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from trackbridge.testing.checks import Check, all_checks
from trackbridge.testing.suite import CLAUSES, SUITE_VERSION

__all__ = ["Column", "Outcome", "Report", "Row", "Verdict", "conformance_page", "make_report"]

Verdict: TypeAlias = Literal["kept", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one check; `provoked` names the declared deviations that it met."""

    check: Check
    verdict: Verdict
    detail: str = ""
    provoked: tuple[str, ...] = ()
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one clause: failed if any check failed, refused if any was refused, else kept."""

    clause: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """One backend under one version of the suite; `backend` is its URL without secrets."""

    suite: str
    backend: str
    rows: tuple[Row, ...]

    @property
    def certified(self) -> bool:
        """Every clause was kept or refused."""
        return len(self.rows) == len(CLAUSES) and all(row.verdict != "failed" for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Give the report as plain data."""
        return {
            "suite": self.suite,
            "backend": self.backend,
            "rows": [{"clause": row.clause, "verdict": row.verdict, "detail": row.detail} for row in self.rows],
        }


def make_report(backend: str, outcomes: Mapping[str, Outcome], deviations: Mapping[str, str]) -> Report:
    """Settle every clause.

    Args:
        backend: The URL as it may be shown.
        outcomes: By the id of the check; a check without one has failed, for it did not run.
        deviations: Name and clause of each declared deviation; one that no check provoked fails its clause.
    """
    provoked = {name for outcome in outcomes.values() for name in outcome.provoked}
    rows = []
    for clause in CLAUSES:
        found = [(one, outcomes.get(one.id)) for one in all_checks() if one.clause == clause]
        failed = [f"{one.name}: {outcome.detail if outcome else 'did not run'}" for one, outcome in found
                  if outcome is None or outcome.verdict == "failed"]  # fmt: skip
        failed += [f"the deviation {name} is declared and nothing provokes it" for name, of in deviations.items()
                   if of == clause and name not in provoked]  # fmt: skip
        if not found:
            failed.append("no check enforces this clause")
        refused = [outcome.detail for _, outcome in found if outcome and outcome.verdict == "refused"]
        kept = len(found) - len(refused)
        met = sorted(name for name, of in deviations.items() if of == clause and name in provoked)
        notes = (
            [f"{kept} of {len(found)} checks kept", *dict.fromkeys(refused)]
            if refused
            else [f"{kept} check{'s' if kept > 1 else ''}"]
        )
        notes += [f"deviation {name}" for name in met]
        verdict: Verdict = "failed" if failed else "refused" if refused else "kept"
        rows.append(Row(clause, verdict, "; ".join(failed or notes)))
    return Report(str(SUITE_VERSION), backend, tuple(rows))


@dataclass(frozen=True, slots=True)
class Column:
    """One backend on the page: its heading, what it ran against ("real server", "embedded", …), and its report."""

    title: str
    ran_on: str
    report: Report


def conformance_page(columns: Sequence[Column]) -> str:
    """Give the Markdown page that compares backends clause by clause."""
    lines = [
        "# Conformance",
        "",
        f"Version {SUITE_VERSION} of the contract suite: {len(all_checks())} checks of {len(CLAUSES)} clauses.",
        "Written by `trackbridge conformance`; do not edit.",
        "",
        "| clause | what holds | " + " | ".join(column.title for column in columns) + " |",
        "|---|---|" + "---|" * len(columns),
        "| | *ran on* | " + " | ".join(f"*{column.ran_on}*" for column in columns) + " |",
    ]
    notes: list[str] = []
    by_clause = [{row.clause: row for row in column.report.rows} for column in columns]
    for clause, title in CLAUSES.items():
        cells = []
        for column, rows in zip(columns, by_clause, strict=True):
            row = rows.get(clause)
            cells.append(f"**{row.verdict}**" if row and row.verdict == "failed" else row.verdict if row else "not run")
            if row and (row.verdict != "kept" or "deviation" in row.detail):
                cells[-1] += f" [{len(notes) + 1}]"
                notes.append(f"{len(notes) + 1}. {clause}, {column.title}: {row.detail}")
        lines.append(f"| {clause} | {title} | {' | '.join(_cell(cell) for cell in cells)} |")
    if notes:
        lines += ["", "## Notes", "", *notes]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
