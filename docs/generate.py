"""Writes the pages of docs/reference that are taken from the code; ``make docs`` runs it, and CI fails when one is stale.

What the contract suite finds on real servers is too slow to find out each time: ``make conformance`` runs it there and
hands its report over, and a test fails once what is kept is of another version of the suite::

    python docs/generate.py REPORT/conformance.json
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).parent / "reference"
EDIT = "Written by `make docs`; do not edit.\n"
CERTIFICATES = REFERENCE / "conformance.json"
S3 = "S3 emulated by moto"
# By the class of the tests: the column's title, and what it ran on.
SERVERS = {
    "TestDirect": ("MLflow, direct", "MLflow's own code on SQLite, no server"),
    "TestServer": ("MLflow on SQLite", "real server"),
    "TestPostgresDirectS3": ("MLflow on PostgreSQL, direct S3", f"real server; {S3}"),
    "TestPostgresProxied": ("MLflow on PostgreSQL, proxied S3", f"real server of two workers; {S3}"),
    "TestManaged": ("managed MLflow by its ARN", f"real server behind the vendor's plugin; {S3}"),
    "TestManagedPackages": (
        "managed MLflow, model packages",
        f"real server behind the vendor's plugin, emulated registry; {S3}",
    ),
    "TestSageMaker": ("SageMaker, classic", f"vendor's own client on an emulated service; {S3}"),
    "TestVertex": ("Vertex AI over gRPC", "vendor's own clients on an emulated service"),
    "TestVertexRest": ("Vertex AI over REST", "vendor's own clients on an emulated service"),
    "TestWandb": ("Weights & Biases", "vendor's SDK on an emulated service"),
    "TestArchive": ("archive in a folder", "Parquet on disk"),
    "TestArchiveBucket": ("archive in a bucket", f"Parquet in S3; {S3}"),
}


def command_line() -> str:
    """Give the page of all commands, from their own help."""
    from typer.main import get_command

    from trackbridge.cli._app import app

    head = f"""# The command line

{EDIT}
Exit codes: 0 done, 1 a check said no (`verify`, `conformance`), 2 usage or configuration, 3 a backend failed. Errors
are one line on standard error. `--json` prints one JSON document; NaN and the infinities are strings in it.
"""
    sections = [f"\n## `{path}`\n\n```text\n{text}\n```\n" for path, text in _helps(get_command(app), "trackbridge")]
    return head + "".join(sections)


def _helps(command: Any, path: str) -> Iterator[tuple[str, str]]:
    # The help is laid out for 100 columns, whatever terminal this runs in.
    context = command.make_context(path, [], resilient_parsing=True, terminal_width=100, max_content_width=100)
    text = "\n".join(line.rstrip() for line in command.get_help(context).strip().splitlines())
    yield path, text
    for name, child in getattr(command, "commands", {}).items():
        yield from _helps(child, f"{path} {name}")


def deviations() -> str:
    """Give the page of everything that a vendor's own screen shows otherwise, a section a package."""
    from trackbridge.protocol import Deviation, find_adapter, installed_backends, parse_url

    schemes: dict[str, list[str]] = {}
    showing: dict[str, dict[Deviation, list[str]]] = {}
    for installed in installed_backends():
        schemes.setdefault(installed.package, []).append(installed.scheme)
        for deviation in find_adapter(parse_url(f"{installed.scheme}://x")).deviations:
            showing.setdefault(installed.package, {}).setdefault(deviation, []).append(installed.scheme)
    sections = [
        f"\n## {package}\n\n| name | clause | what is shown | why | where |\n|---|---|---|---|---|\n"
        + "".join(
            _row(f"`{one.name}`", one.clause, one.shown, one.reason, _where(on, schemes[package]))
            for one, on in found.items()
        )
        for package, found in showing.items()
    ]
    return f"""# Deviations

{EDIT}
What a vendor's own screens show otherwise than `Store` returns it. This never changes what trackbridge gives back. The
[contract suite](conformance.md) provokes each of these; one that nothing provokes, or that is not declared, fails.
{"".join(sections)}"""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _where(some: list[str], every: list[str]) -> str:
    return "everywhere" if some == every else ", ".join(f"`{scheme}`" for scheme in some)


def conformance() -> str:
    """Give the table of clauses, by running the suite on what needs no server; what it found on servers is kept."""
    from trackbridge.testing import Column, conformance_page, run_conformance

    logging.getLogger("trackbridge").addHandler(logging.NullHandler())  # what the checks provoke on purpose
    with tempfile.TemporaryDirectory() as folder:
        return conformance_page(
            [
                Column("memory", "in process", run_conformance("memory://conformance")),
                Column("local", "SQLite on disk", run_conformance(f"local://{folder}")),
                *_servers(),
            ]
        )


def certificates() -> dict[str, dict[str, Any]]:
    """Give the kept reports by the class of their tests: date, digest of the suite, rows."""
    return json.loads(CERTIFICATES.read_text(encoding="utf-8")) if CERTIFICATES.exists() else {}


def _servers() -> Iterator[Any]:
    from trackbridge.testing import Column
    from trackbridge.testing.report import Report, Row

    found = certificates()
    for name, (title, ran_on) in SERVERS.items():
        kept = found.get(name, {"suite": "", "date": "no certificate yet", "rows": []})
        rows = tuple(Row(**row) for row in kept["rows"])
        yield Column(title, f"{ran_on}, {kept['date']}", Report(kept["suite"], title, rows))


def keep(reports: list[dict[str, Any]]) -> None:
    """Keep new reports in place of the old ones, without the addresses of this machine.

    Raises:
        ValueError: a report certifies nothing.
    """
    from trackbridge.testing.suite import SUITE_DIGEST

    found = certificates()
    for report in reports:
        if report["name"] not in SERVERS:
            continue
        if failed := [row["clause"] for row in report["rows"] if row["verdict"] == "failed"]:
            raise ValueError(f"the report of {report['name']} is no certificate: {', '.join(failed)} failed")
        found[report["name"]] = {
            "date": datetime.now(UTC).date().isoformat(),
            "suite": report["suite"],
            "suite_digest": SUITE_DIGEST,
            "rows": report["rows"],
        }
    CERTIFICATES.write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": command_line,
    "deviations.md": deviations,
    "conformance.md": conformance,
}


def main() -> None:
    """Write every page; first keep the report that the command line names."""
    for path in sys.argv[1:]:
        keep(json.loads(Path(path).read_text(encoding="utf-8")))
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
