"""Runs: made by upsertBucket, found by id or by filter, deleted for good."""

from __future__ import annotations

import functools
import itertools
import json
import secrets
import sqlite3
from typing import Any

from emulators.wandb import accounts, extended_json, filters, ids, names
from emulators.wandb.errors import ServiceError
from emulators.wandb.service import Service

SELECT = """SELECT run.*, project.name AS project_name, project.entity AS entity
            FROM run JOIN project ON project.id = run.project_id """
ALIVE = "run.deleted_ms IS NULL AND project.deleted_ms IS NULL"
COLUMNS = {
    "displayName": "display_name",
    "description": "description",
    "notes": "notes",
    "config": "config",
    "summaryMetrics": "summary",
    "groupName": "group_name",
    "jobType": "job_type",
    "commit": "commit",
    "host": "host",
    "jobProgram": "program",
    "jobRepo": "repo",
    "sweep": "sweep",
    "state": "state",
}
STATES = {"running", "pending", "finished", "failed", "killed", "crashed", "preempted", "preempting"}
# wandb/apis/public/runs.py, update_state: the transitions that may be asked for.
TRANSITIONS = {"pending": {"running", "failed", "crashed", "preempted"}, "failed": {"pending", "running"}}
KEPT_SEARCHES = 32
ADJECTIVES, NOUNS = ("calm", "bright", "swift", "quiet", "golden"), ("river", "forest", "comet", "harbor", "meadow")


def find(service: Service, entity: str | None, project: str | None, name: str) -> sqlite3.Row | None:
    found = accounts.project(service, entity, project)
    return found and service.store.row(SELECT + f"WHERE project_id = ? AND run.name = ? AND {ALIVE}", found["id"], name)


def by_id(service: Service, run_id: int | None) -> sqlite3.Row | None:
    """Give a run that is not deleted by its row."""
    return service.store.row(SELECT + f"WHERE run.id = ? AND {ALIVE}", run_id)


def storage_id(run: sqlite3.Row) -> str:
    """Give the id that the API calls `id` and the SDK `storage_id`; `name` is what users call the run's id."""
    return ids.encode("Run", f"v1:{run['name']}:{run['project_name']}:{run['entity']}")


def by_storage_id(service: Service, text: str) -> sqlite3.Row:
    """Give a run that is not deleted.

    Raises:
        ServiceError: 404 where there is none.
    """
    parts = (ids.decode("Run", text) or "").split(":")
    found = find(service, parts[3], parts[2], parts[1]) if len(parts) == 4 else None
    if found is None:
        raise ServiceError(f"run {text} not found", 404)
    return found


def need(service: Service, entity: str, project: str, name: str) -> sqlite3.Row:
    found = find(service, entity, project, name)
    if found is None:
        raise ServiceError(f"run {entity}/{project}/{name} not found", 404)
    return found


def upsert(service: Service, values: dict[str, Any]) -> tuple[sqlite3.Row, bool]:
    """Make a run or change what `values` gives of it; give it and whether it was made.

    core/internal/runupserter/runupserter.go sends all of it first and what changed later, null for what did not.

    Raises:
        ServiceError: For a deleted run's id, a state that there is not, JSON that is none.
    """
    if values.get("id"):
        found = by_storage_id(service, values["id"])
        accounts.need_project(service, found["entity"], found["project_name"])
        _change(service, found["id"], values)
        return by_id(service, found["id"]), False
    project, _ = accounts.make_project(service, values.get("entityName"), values.get("modelName"))
    accounts.need_project(service, project["entity"], project["name"])
    name = values.get("name") or secrets.token_hex(4)
    found = service.store.row("SELECT * FROM run WHERE project_id = ? AND name = ?", project["id"], name)
    if found is not None and found["deleted_ms"] is not None:
        path = f"{project['entity']}/{project['name']}/{name}"
        raise ServiceError(
            f"run {path} was previously created and deleted; try a new run name", service.switches.deleted_run
        )
    if found is None:
        if service.switches.rate_limits == "documented":
            service.limits.take("run creations of a project", f"{project['entity']}/{project['name']}")
        names.check(service, "run id", name)
        now = ids.now_ms()
        run_id = service.store.insert(
            "run", project_id=project["id"], name=name, created_ms=now, heartbeat_ms=now, display_name=_invent(service)
        )
    else:
        run_id = found["id"]
    _change(service, run_id, values)
    return by_id(service, run_id), found is None


def _invent(service: Service) -> str:
    number = service.store.value("SELECT count(*) FROM run") + 1
    pair = next(itertools.islice(itertools.product(ADJECTIVES, NOUNS), number % 25, None))
    return "-".join((*pair, str(number)))


def _change(service: Service, run_id: int, values: dict[str, Any]) -> None:
    changes = {column: values[name] for name, column in COLUMNS.items() if values.get(name) is not None}
    for column in ("config", "summary"):
        if column in changes and not isinstance(_read(changes[column]), dict):
            raise ServiceError(f"{column} is no JSON object: {changes[column][:80]!r}")
    if changes.get("state", "running") not in STATES:
        raise ServiceError(f"unknown state {changes['state']!r}")
    names.check_all(service, "run tag", values.get("tags"))
    if values.get("tags") is not None:
        changes["tags"] = json.dumps(values["tags"])
    service.store.update("run", run_id, **changes)
    touch(service, run_id)


def _read(text: str) -> Any:
    try:
        return extended_json.loads(text)
    except ValueError:
        return None


def touch(service: Service, run_id: int) -> None:
    """Remember that a run was changed."""
    service.store.write("UPDATE run SET revision = revision + 1 WHERE id = ?", run_id)


def delete(service: Service, text: str) -> sqlite3.Row:
    """Delete a run; its id stays spent (docs, "Delete runs")."""
    run = by_storage_id(service, text)
    service.store.update("run", run["id"], deleted_ms=ids.now_ms())
    return run


def state(service: Service, run: sqlite3.Row) -> str:
    quiet_ms = ids.now_ms() - run["heartbeat_ms"]
    lost = run["state"] == "running" and quiet_ms > service.switches.heartbeat_timeout_s * 1000
    return "crashed" if lost else run["state"]


def change_state(service: Service, text: str, target: str) -> None:
    run = by_storage_id(service, text)
    now = state(service, run)
    if now not in TRANSITIONS.get(target, set()):
        raise ServiceError(f"cannot change the state of a run from {now} to {target}")
    service.store.update("run", run["id"], state=target)
    touch(service, run["id"])


def search(service: Service, project_id: int, query: str | None, order: str | None) -> list[sqlite3.Row]:
    """Give the runs of a project that match a filter, in an order; oldest first without one."""
    key, changes = (project_id, query, order, service.switches), service.store.changes
    known = service.searches.get(key)
    if known is not None and known[0] == changes:
        return known[1]
    found = _search(service, project_id, query, order)
    if "state" not in f"{query} {order}" and not service.switches.listing_lag_s:  # which time changes too
        if len(service.searches) >= KEPT_SEARCHES:
            service.searches.clear()
        service.searches[key] = changes, found
    return found


def _search(service: Service, project_id: int, query: str | None, order: str | None) -> list[sqlite3.Row]:
    parsed = filters.parse(query)
    seen_ms = ids.now_ms() - round(1000 * service.switches.listing_lag_s)
    found = service.store.rows(
        SELECT + f"WHERE project_id = ? AND run.created_ms <= ? AND {ALIVE} ORDER BY run.id", project_id, seen_ms
    )
    if parsed:
        missing = service.switches.missing_matches_ne
        found = [
            run
            for run in found
            if filters.matches(parsed, lambda name, run=run: lookup(service, run, name), missing_matches_ne=missing)
        ]
    if order in {None, "", "+created_at", "created_at"}:
        return found
    return filters.sorted_by(found, order, lambda run, name: lookup(service, run, name))


PLAIN: dict[str, Any] = {
    "name": lambda service, run: run["name"],
    "displayName": lambda service, run: run["display_name"],
    "state": state,
    "createdAt": lambda service, run: ids.precise(run["created_ms"]),
    "heartbeatAt": lambda service, run: ids.precise(run["heartbeat_ms"]),
    "jobType": lambda service, run: run["job_type"],
    "group": lambda service, run: run["group_name"],
    "notes": lambda service, run: run["notes"],
    "description": lambda service, run: run["description"],
    "host": lambda service, run: run["host"],
    "commit": lambda service, run: run["commit"],
    "sweep": lambda service, run: run["sweep"],
    "username": lambda service, run: service.account.username,
    "user.username": lambda service, run: service.account.username,
    "tags": lambda service, run: json.loads(run["tags"]),
}
ALIASES = {
    "display_name": "displayName",
    "created_at": "createdAt",
    "heartbeat_at": "heartbeatAt",
    "job_type": "jobType",
    "group_name": "group",
}


def lookup(service: Service, run: sqlite3.Row, name: str) -> Any:
    """Give a run's field as filters and orders name it (docs, "Query and filter runs").

    Raises:
        ServiceError: For a field that runs do not have.
    """
    name = ALIASES.get(name, name)
    if name in PLAIN:
        value = PLAIN[name](service, run)
        return filters.MISSING if value is None else value
    section, _, rest = name.partition(".")
    if section == "config" and rest:
        return inside(_document(run["config"]), rest.removesuffix(".value"), config=True)
    if section in {"summary_metrics", "summaryMetrics"} and rest:
        return inside(_document(run["summary"]), rest)
    service.record.violation("filter", name, f"runs have no field {name!r}")
    raise ServiceError(f"unknown field {name!r} in a filter or order of runs")


@functools.lru_cache(maxsize=20_000)
def _document(text: str) -> Any:
    return extended_json.loads(text)


def inside(document: Any, path: str, *, config: bool = False) -> Any:
    """Find a path in nested objects; a key with dots in it comes before nesting."""
    if not isinstance(document, dict):
        return filters.MISSING
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        key, rest = ".".join(parts[:length]), ".".join(parts[length:])
        if key in document:
            value = document[key]
            if config and isinstance(value, dict) and "value" in value:
                value = value["value"]
            return inside(value, rest) if rest else value
    return filters.MISSING
