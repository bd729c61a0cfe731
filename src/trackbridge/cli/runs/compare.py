"""``trackbridge runs compare``: several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from trackbridge.cli._options import AsJson, BackendOption
from trackbridge.cli._output import console, emit, number, say, table, value
from trackbridge.errors import ConfigurationError
from trackbridge.records.runs import RunRecord
from trackbridge.records.values import canonical_json, encode_value

__all__ = ["compare_runs"]


def compare_runs(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN…", help="Two or more ids.")],
    *,
    everything: Annotated[bool, typer.Option("--all", help="Show what is equal, too.")] = False,
    backend: BackendOption = None,
    as_json: AsJson = False,
) -> None:
    """Set runs side by side: what differs in params, metrics, tags and data sets."""
    from trackbridge.store import connect

    if len(runs) < 2:
        raise ConfigurationError("one run alone cannot be compared", remedy="Give two or more ids.")
    with connect(backend) as store:
        records = [store.runs.get(run) for run in runs]
    facts = [_facts(record) for record in records]
    names = list(dict.fromkeys(name for one in facts for name in one))
    rows = [(name, [one.get(name) for one in facts]) for name in names]
    if not everything:
        rows = [(name, cells) for name, cells in rows if not _all_equal(cells)]
    if as_json:
        emit([{"what": name, "values": cells} for name, cells in rows])
    elif rows:
        headings = [record.name or record.id for record in records]
        if len(set(headings)) < len(headings):
            headings = [record.id for record in records]
        console().print(table(("", *headings), ((name, *map(_cell, cells)) for name, cells in rows)))
    else:
        say("The runs do not differ.")


def _facts(run: RunRecord) -> dict[str, Any]:
    return {
        "experiment": run.experiment,
        "status": run.status,
        **{f"params.{name}": item for name, item in sorted(run.params.items())},
        **{f"metrics.{name}": summary.last for name, summary in sorted(run.metrics.items())},
        **{f"tags.{name}": text for name, text in sorted(run.tags.items())},
        **{f"datasets.{data.name}.{data.context or ''}".rstrip("."): data.digest for data in run.datasets},
    }


def _all_equal(cells: Sequence[Any]) -> bool:
    return len({canonical_json(encode_value(cell)) for cell in cells}) == 1


def _cell(item: Any) -> str:
    if item is None:
        return "–"
    return number(item) if isinstance(item, float) else value(item)
