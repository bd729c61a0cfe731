"""Runs, sweeps, histories and run files, as they are read."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from emulators.wandb import accounts, artifacts, extended_json, files, history, ids, paging, parquet, runs
from emulators.wandb.errors import ServiceError
from emulators.wandb.service import Service


def _text(column: str) -> Any:
    return lambda run, info: extended_json.string(run[column], info.context.switches)


def _is(*states: str) -> Any:
    return lambda run, info: runs.state(info.context, run) in states


def _wandb_config(run: sqlite3.Row, info: Any, keys: list[str] | None = None) -> str:
    """Give keys of config's `_wandb`; `t`, telemetry, says that a run was started (core/internal/runbranch/resume.go)."""
    internal = extended_json.loads(run["config"]).get("_wandb", {}).get("value", {})
    return json.dumps({key: value for key, value in internal.items() if keys is None or key in keys})


def _files(
    run: sqlite3.Row,
    info: Any,
    names: list[str | None] | None = None,
    after: str | None = None,
    first: int | None = None,
    pattern: str | None = None,
) -> Any:
    found = files.listed(info.context, run["id"], names, pattern)
    nodes = [run_file(info.context, row) for row in found]
    return paging.connection(nodes, after, first, info.context.switches.page_limit)


def run_file(service: Service, row: sqlite3.Row) -> dict[str, Any]:
    """Give a run's file as the API's File."""
    url = files.address(service, row["upload"], row["name"])
    return {
        "id": ids.encode("File", row["id"]),
        "name": row["name"],
        "displayName": row["name"],
        "url": url,
        "directUrl": url,
        "uploadUrl": url,
        "uploadHeaders": [],
        "sizeBytes": row["size"] or 0,
        "mimetype": row["mimetype"],
        "updatedAt": ids.iso(row["updated_ms"]),
        "md5": row["md5"],
        "digest": row["md5"],
    }


def _log_lines(
    run: sqlite3.Row,
    info: Any,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    use_improved_pagination: bool = False,
) -> Any:
    service: Service = info.context
    lines = [
        {"number": i, "line": row["body"]}
        for i, row in enumerate(history.rows(service, run["id"], stream=history.OUTPUT))
    ]
    if last is not None:
        lines = lines[max(len(lines) - last, 0) :]
    return paging.connection(lines, after, last if last is not None else first, service.switches.page_limit)


def _artifacts(listed: Callable[[Service, int], list[sqlite3.Row]]) -> Any:
    def resolve(run: sqlite3.Row, info: Any, after: str | None = None, first: int | None = None) -> Any:
        found = listed(info.context, run["id"])
        return paging.connection(found, after, first, info.context.switches.page_limit)

    return resolve


def _sampled(run: sqlite3.Row, info: Any, specs: list[str]) -> Any:
    return [history.sampled(info.context, run["id"], specification) for specification in specs]


def _history(
    run: sqlite3.Row, info: Any, min_step: int | None = None, max_step: int | None = None, samples: int | None = None
) -> list[str]:
    return history.page(info.context, run["id"], min_step, max_step, samples)


def _project(run: sqlite3.Row, info: Any) -> Any:
    return accounts.project_by_id(info.context, run["project_id"])


def _parquet(run: sqlite3.Row, info: Any, live_keys: list[str]) -> Any:
    if live_keys != ["_step"]:
        raise ServiceError(f"parquetHistory is emulated for the live key _step only, not {live_keys}")
    return parquet.exported(info.context, run)


def _method(sweep: sqlite3.Row, _: Any) -> str:
    """Give the search's kind, which the configuration, YAML or JSON, says."""
    found = re.search(r"""["']?method["']?: *["']?(\w+)""", sweep["config"])
    return found[1] if found else "custom"


def _of_sweep(sweep: sqlite3.Row, info: Any) -> list[sqlite3.Row]:
    return info.context.store.rows(
        runs.SELECT + f"WHERE project_id = ? AND sweep = ? AND {runs.ALIVE} ORDER BY run.id",
        *(sweep["project_id"], sweep["name"]),
    )


def _sweep_runs(sweep: sqlite3.Row, info: Any, first: int | None = None, after: str | None = None) -> Any:
    return paging.connection(_of_sweep(sweep, info), after, first, info.context.switches.page_limit)


RESOLVERS = {
    "Run": {
        "id": lambda run, _: runs.storage_id(run),
        "projectId": lambda run, _: run["project_id"],
        "project": _project,
        "tags": lambda run, _: json.loads(run["tags"]),
        "state": lambda run, info: runs.state(info.context, run),
        "failed": _is("failed", "crashed", "killed"),
        "stopped": _is("killed"),
        "running": _is("running"),
        "shouldStop": lambda run, _: bool(run["stop_requested"]),
        "config": _text("config"),
        "wandbConfig": _wandb_config,
        "summaryMetrics": _text("summary"),
        "systemMetrics": _text("system"),
        "group": lambda run, _: run["group_name"],
        "sweepName": lambda run, _: run["sweep"],
        "readOnly": lambda run, info: run["project_name"] in info.context.switches.read_only_projects,
        "createdAt": lambda run, _: ids.iso(run["created_ms"]),
        "heartbeatAt": lambda run, _: ids.iso(run["heartbeat_ms"]),
        "user": lambda _, info: accounts.user(info.context),
        "historyKeys": lambda run, info: history.keys(info.context, run),
        "historyLineCount": lambda run, info: history.count(info.context, run["id"], history.HISTORY),
        "eventsLineCount": lambda run, info: history.count(info.context, run["id"], history.EVENTS),
        "logLineCount": lambda run, info: history.count(info.context, run["id"], history.OUTPUT),
        "historyTail": lambda run, info: history.tail(info.context, run["id"], history.HISTORY),
        "eventsTail": lambda run, info: history.tail(info.context, run["id"], history.EVENTS),
        "history": _history,
        "events": lambda run, info, samples=None: history.events(info.context, run["id"], samples),
        "sampledHistory": _sampled,
        "parquetHistory": _parquet,
        "logLines": _log_lines,
        "fileCount": lambda run, info: len(files.listed(info.context, run["id"])),
        "files": _files,
        "inputArtifacts": _artifacts(artifacts.inputs),
        "outputArtifacts": _artifacts(artifacts.outputs),
    },
    "Sweep": {
        "id": lambda sweep, _: ids.encode("Sweep", sweep["id"]),
        "createdAt": lambda sweep, _: ids.iso(sweep["created_ms"]),
        "updatedAt": lambda sweep, _: ids.iso(sweep["updated_ms"]),
        "method": _method,
        "project": _project,
        "runCount": lambda sweep, info: len(_of_sweep(sweep, info)),
        "runs": _sweep_runs,
    },
}
