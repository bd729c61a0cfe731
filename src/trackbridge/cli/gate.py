"""``trackbridge gate``: find out whether a version may be promoted, and promote it if asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trackbridge.cli._options import ActorOption, AsJson, BackendOption, CommentOption
from trackbridge.cli._output import emit, one_line, say
from trackbridge.errors import ConfigurationError

if TYPE_CHECKING:
    from trackbridge.gates import Judgement, Report
    from trackbridge.records.models import ModelVersion
    from trackbridge.registry import Plan

__all__ = ["gate"]


def gate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.")],
    *,
    candidate: Annotated[
        str, typer.Option("--candidate", metavar="VERSION", help="The version to judge: a number, an alias or a stage.")
    ],
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="VERSION", help="What to compare it with, instead of what the gate says."),
    ] = None,
    promote_to: Annotated[
        str | None, typer.Option("--promote-to", metavar="STAGE", help="Where to promote it if the gate lets it pass.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Where to write gate.json, junit.xml, gate.md and gate.html."),
    ] = None,
    force: Annotated[
        str | None,
        typer.Option("--force", metavar="REASON", help="Promote it whatever the gate says; the reason stays for ever."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge and show, but keep no report and promote nothing.")
    ] = False,
    actor: ActorOption = None,
    comment: CommentOption = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Judge a version of a model by the gate that is configured for it. Exits 1 if it may not pass."""
    from trackbridge import gates
    from trackbridge.store import connect

    if force is not None and (promote_to is None or not force.strip()):
        raise ConfigurationError("--force overrules a promotion, and needs --promote-to and a reason")
    settings = gates.load_gate(model)
    with connect(backend) as store:
        number = store.registry.get(model, candidate).number
        # Planned before it is judged: whatever moves in between makes the promotion a conflict.
        plan = _plan(store, settings, number, promote_to)
        judgement = gates.evaluate(store, settings, number, baseline)
        overruled = force if force is not None and not judgement.allowed else None
        written = gates.make_report(judgement, gates.read_curves(store, judgement), overruled)
        _write(written, report)
        promoted = None
        if not dry_run:
            gates.keep_report(store, judgement.candidate.version, written)
            if plan is not None and (judgement.allowed or overruled):
                promoted = gates.promote(
                    store, plan, judgement, written, actor=actor, comment=comment, forced=overruled
                )
    if as_json:
        emit(_document(written, plan, promoted))
    else:
        _show(judgement, written, plan, promoted)
    raise typer.Exit(not (judgement.allowed or overruled))


def _plan(store: Any, settings: Any, number: int, stage: str | None) -> Plan | None:
    if stage is None:
        return None
    mode = settings.archive_existing if stage in {"Staging", "Production"} else "none"
    plan: Plan = store.registry.plan(settings.model, number, stage, archive_existing=mode)
    return plan


def _write(report: Report, folder: Path | None) -> None:
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in report.files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise ConfigurationError(
            f"the report cannot be written to {folder}: {error.strerror or error}", remedy="Give another folder."
        ) from error


def _document(report: Report, plan: Plan | None, promoted: ModelVersion | None) -> dict[str, Any]:
    import json

    gate_said = json.loads(report.files["gate.json"])
    return {"report": report.digest, "gate": gate_said, "plan": plan, "promoted": promoted}


def _show(judgement: Judgement, report: Report, plan: Plan | None, promoted: ModelVersion | None) -> None:
    from trackbridge.cli._plans import plan_lines

    marks = {"pass": "✓", "fail": "✗", "insufficient": "?"}
    for finding in judgement.verdict.findings:
        say(f"{marks[finding.status]} {one_line(finding.subject)}: {one_line(finding.reason)}")
        for note in finding.notes:
            say(f"    {one_line(note)}")
    verdict = judgement.verdict.status
    lenient = (
        " (allowed: insufficient is configured to pass)" if judgement.allowed and verdict == "insufficient" else ""
    )
    say(f"{judgement.gate.model} version {judgement.candidate.version.number}: {verdict}{lenient}")
    say(f"report {report.digest}")
    if promoted is not None:
        say(f"promoted to {promoted.stage}{'' if judgement.allowed else ', overruling the gate'}")
    elif plan is not None:
        for line in plan_lines(plan):
            say(line if judgement.allowed else f"not done: {line}")
