"""``trackbridge gc`` and ``trackbridge archive``: let runs go that nobody needs any longer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import emit, one_line, say
from trackbridge.errors import ConfigurationError

if TYPE_CHECKING:
    from trackbridge.retention import Decision, Done, Retention

__all__ = ["archive", "gc"]

_FAILED = 3

OlderThan: TypeAlias = Annotated[
    str | None,
    typer.Option("--older-than", metavar="SPAN", help="Runs that ended so long ago, such as 90d, besides the rules."),
]
Experiments: TypeAlias = Annotated[
    list[str] | None, typer.Option("--experiment", metavar="PATTERN", help="With --older-than: only of these.")
]
Where: TypeAlias = Annotated[
    str | None, typer.Option("--where", metavar="QUERY", help="With --older-than: only these.")
]
Status: TypeAlias = Annotated[
    list[str] | None, typer.Option("--status", metavar="STATUS", help="With --older-than: only with these; ended ones.")
]
Apply: TypeAlias = Annotated[bool, typer.Option("--apply", help="Do it; without this, only say what would be done.")]
Purge: TypeAlias = Annotated[
    bool, typer.Option("--purge", help="Free what they take, for good; nothing is restored then.")
]
Log: TypeAlias = Annotated[
    Path | None, typer.Option("--log", metavar="FILE", help="Append a line of JSON for each run that was dealt with.")
]


def gc(
    *,
    older_than: OlderThan = None,
    experiment: Experiments = None,
    where: Where = None,
    status: Status = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="The runs that are deleted already, by whomever: free what they take.")
    ] = False,
    apply: Apply = False,
    purge: Purge = False,
    log: Log = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Delete runs that their ttl tag or a rule gives away; never one that a model version, a hold or a child needs.

    Exits with 3 if one could not be deleted, with 2 if another collection of the same backend is under way.
    """
    from trackbridge.records.times import now_ms
    from trackbridge.retention import collect, decide, only_one
    from trackbridge.store import connect

    retention = _retention(older_than, experiment, where, status)
    with connect(backend) as store, only_one(store.url):
        decisions = decide(store, retention, now_ms(), deleted=deleted)
        done = collect(store, decisions, retention, purge=purge or deleted) if apply else iter(())
        _report(decisions, _logged(done, log), applied=apply, as_json=as_json)


def archive(
    *,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="The backend to copy them to, such as archive+s3://….")
    ],
    older_than: OlderThan = None,
    experiment: Experiments = None,
    where: Where = None,
    status: Status = None,
    apply: Apply = False,
    purge: Purge = False,
    log: Log = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Copy runs that a rule gives away to another backend, check every value there, and only then delete them here.

    What a model version, a hold or a child needs is neither copied nor deleted. Exits as gc does.
    """
    from trackbridge.records.times import now_ms
    from trackbridge.retention import archive_runs, decide, only_one
    from trackbridge.store import connect

    retention = _retention(older_than, experiment, where, status)
    with connect(backend) as store, connect(to) as target, only_one(store.url):
        if store.url == target.url:
            raise ConfigurationError("--to is the backend itself", remedy="Name another one.")
        decisions = decide(store, retention, now_ms())
        done = archive_runs(store, target, decisions, retention, purge=purge) if apply else iter(())
        _report(decisions, _logged(done, log), applied=apply, as_json=as_json)


def _retention(
    older_than: str | None, experiments: list[str] | None, where: str | None, status: list[str] | None
) -> Retention:
    from dataclasses import replace

    from trackbridge.retention import Rule, configured_retention, parse_duration

    configured = configured_retention()
    if older_than is None:
        if experiments or where or status:
            raise ConfigurationError("--experiment, --where and --status need --older-than", remedy="Give a span.")
        return configured
    age_ms = parse_duration(older_than)
    if age_ms is None:
        raise ConfigurationError(f"--older-than {older_than!r} is no span of time", remedy="Write 90m, 12h, 30d or 6w.")
    rule = Rule(name="--older-than", older_than_ms=age_ms, experiments=tuple(experiments or ()), where=where)
    rule = replace(rule, status=tuple(status)) if status else rule
    return replace(configured, rules=(*configured.rules, rule))


def _logged(done: Iterable[Done], log: Path | None) -> Iterator[Done]:
    """Write each down before the next is begun, so that the log of a killed process is true."""
    from trackbridge.records.times import now_ms

    for one in done:
        if log is not None:
            line = {
                "time_ms": now_ms(),
                "run": one.decision.run,
                "experiment": one.decision.experiment,
                "what": one.what,
                "reason": one.decision.reason,
                "why": one.why,
            }
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        yield one


def _report(decisions: list[Decision], done: Iterator[Done], *, applied: bool, as_json: bool) -> None:
    finished = []
    for one in done:
        finished.append(one)
        if not as_json:
            mark = {"deleted": "✓", "purged": "✓", "kept": "·", "failed": "✗"}[one.what]
            say(f"{mark} {_named(one.decision)} {one.what}{f': {one_line(one.why)}' if one.why else ''}")
    if as_json:
        emit({"applied": applied, "decisions": decisions, "done": finished})
    else:
        for decision in decisions:
            if decision.verdict == "stays" or not applied:
                say(
                    f"{'-' if decision.verdict == 'goes' else '·'} {_named(decision)} {decision.verdict}: {one_line(decision.reason)}"
                )
        going = sum(decision.verdict == "goes" for decision in decisions)
        gone = sum(one.what in {"deleted", "purged"} for one in finished)
        say(
            f"{gone} of {going} gone."
            if applied
            else f"{going} would go, {len(decisions) - going} stay; --apply does it."
        )
    if any(one.what == "failed" for one in finished):
        raise typer.Exit(_FAILED)


def _named(decision: Decision) -> str:
    return one_line(f"{decision.run} {decision.name or ''}".rstrip())
