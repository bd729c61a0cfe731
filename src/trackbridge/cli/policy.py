"""``trackbridge policy``: show the rules in force, and try them on runs that were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import emit, one_line, say

if TYPE_CHECKING:
    from trackbridge.policy import Policy, Violation
    from trackbridge.records.runs import RunRecord
    from trackbridge.store import Store

__all__ = ["app"]

_SAID_NO = 1

app = typer.Typer(help="The rules that runs are held to.", no_args_is_help=True)


@app.command("show")
def show(*, as_json: AsJson = False) -> None:
    """Print the rules in force, published ones included."""
    from trackbridge.policy import configured_policy

    policy = configured_policy()
    if as_json:
        emit(
            [
                {"name": rule.name, "mode": rule.mode, "at_finish": rule.at_finish, "where": rule.where}
                for rule in policy
            ]
        )
        return
    for rule in policy:
        where = f" in {', '.join(rule.where)}" if rule.where else ""
        say(f"{rule.name}: {rule.mode}{where}{f'. {rule.message}' if rule.message else ''}")
    say(f"{len(policy)} rules.")


@app.command("test")
def try_(
    *,
    where: Annotated[str | None, typer.Option(metavar="SEARCH", help="Only these runs.")] = None,
    experiment: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only of these experiments.")] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="At most so many, the latest first.")] = None,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Try the rules on recorded runs; changes nothing. Exits with 1 if a rule that is enforced does not hold."""
    from trackbridge import connect
    from trackbridge.policy import configured_policy

    policy = configured_policy()
    enforced, count, rows = 0, 0, []
    with connect(backend) as store:
        for run in store.runs.search(where, experiments=experiment, limit=limit):
            count += 1
            found = _violations(store, run, policy)
            enforced += sum(violation.rule.mode == "enforce" for violation in found)
            rows.append({"run": run.id, "name": run.name, "violations": [_row(violation) for violation in found]})
            if found and not as_json:
                say(f"{run.id} {run.name or ''}".rstrip())
                for violation in found:
                    say(f"  {'✗' if violation.rule.mode == 'enforce' else '!'} {one_line(violation.text)}")
    if as_json:
        emit(rows)
    else:
        bad = sum(bool(row["violations"]) for row in rows)
        say(f"{bad} of {count} runs go against {len(policy)} rules.")
    if enforced:
        raise typer.Exit(_SAID_NO)


def _violations(store: Store, run: RunRecord, policy: Policy) -> list[Violation]:
    from trackbridge.policy import lacking, offending, recorded_facts

    registry = store.registry
    versions = [registry.get(model, number) for model, number in registry.versions_of_run(run.id)]
    files = ((file.path, file.size or 0) for file in store.artifacts.list(run.id))
    facts = recorded_facts(run, files, versions, ())
    return [*offending(policy, facts), *lacking(policy, facts)]


def _row(violation: Violation) -> dict[str, str]:
    return {"rule": violation.rule.name, "mode": violation.rule.mode, "what": violation.what}
