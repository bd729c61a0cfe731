"""Mutations of projects, runs and sweeps."""

from __future__ import annotations

import secrets
from typing import Any

from emulators.wandb import accounts, artifacts, files, ids, names, runs
from emulators.wandb import artifact_collections as collections
from emulators.wandb.errors import ServiceError
from emulators.wandb.resolvers.runs import run_file
from emulators.wandb.service import Service

SUCCESS = {"success": True}


def _upsert_bucket(_: Any, info: Any, values: dict[str, Any]) -> Any:
    run, inserted = runs.upsert(info.context, values)
    return {"bucket": run, "inserted": inserted}


def _delete_run(_: Any, info: Any, values: dict[str, Any]) -> Any:
    run = runs.delete(info.context, values["id"])
    if values.get("deleteArtifacts"):
        for row in info.context.store.rows("SELECT id FROM artifact WHERE run_id = ?", run["id"]):
            artifacts.delete(info.context, row["id"], delete_aliases=True)
    return {"clientMutationId": None}


def _stop_run(_: Any, info: Any, values: dict[str, Any]) -> Any:
    run = runs.by_storage_id(info.context, values["id"])
    info.context.store.update("run", run["id"], stop_requested=1)
    return SUCCESS


def _alert(_: Any, info: Any, values: dict[str, Any]) -> Any:
    """Take an alert, which nothing reads back."""
    runs.need(info.context, values["entityName"], values["projectName"], values["runName"])
    return SUCCESS


def _update_run_state(_: Any, info: Any, values: dict[str, Any]) -> Any:
    runs.change_state(info.context, values["id"], values["state"])
    return SUCCESS


def _create_run_files(_: Any, info: Any, values: dict[str, Any]) -> Any:
    service: Service = info.context
    run = runs.need(service, values["entityName"], values["projectName"], values["runName"])
    made = files.create(service, run, values["files"])
    return {
        "runID": runs.storage_id(run),
        "uploadHeaders": [],
        "files": [run_file(service, row) for row in made],
    }


def _mark_run_files(_: Any, info: Any, values: dict[str, Any]) -> Any:
    run = runs.need(info.context, values["entityName"], values["projectName"], values["runName"])
    files.mark(info.context, run["id"], values["files"])
    return SUCCESS


def _delete_files(_: Any, info: Any, values: dict[str, Any]) -> Any:
    files.delete(info.context, values["files"])
    return SUCCESS


def _upsert_model(_: Any, info: Any, values: dict[str, Any]) -> Any:
    """Make or change a project; a registry is one in the organization's entity (wandb/apis/public/registries)."""
    service: Service = info.context
    columns = {
        "description": "description",
        "access": "access",
        "views": "views",
        "allowAllArtifactTypesInRegistry": "all_types",
        "isBenchmark": "is_benchmark",
    }
    changes = {column: values[name] for name, column in columns.items() if values.get(name) is not None}
    if values.get("id"):
        project, inserted = _project_of(service, values["id"]), False
    else:
        project, inserted = accounts.make_project(service, values.get("entityName"), values.get("name"))
    accounts.need_project(service, project["entity"], project["name"])
    service.store.update("project", project["id"], **changes, updated_ms=ids.now_ms())
    for kind in values.get("artifactTypes") or ():
        collections.make_type(service, project["id"], kind["name"])
    changed = accounts.project_by_id(service, project["id"])
    return {"project": changed, "model": changed, "inserted": inserted}


def _project_of(service: Service, text: str) -> Any:
    parts = (ids.decode("Project", text) or "").split(":")
    found = accounts.project(service, parts[2], parts[1]) if len(parts) == 3 else None
    if found is None:
        raise ServiceError(f"project {text} not found", 404)
    return found


def _rename_project(_: Any, info: Any, values: dict[str, Any]) -> Any:
    service: Service = info.context
    project = accounts.need_project(service, values["entityName"], values["oldProjectName"])
    names.check(service, "project", values["newProjectName"])
    if accounts.project(service, values["entityName"], values["newProjectName"]) is not None:
        raise ServiceError(f"project {values['newProjectName']} exists", service.switches.conflict)
    service.store.update("project", project["id"], name=values["newProjectName"], updated_ms=ids.now_ms())
    return {"inserted": False, "project": accounts.project_by_id(service, project["id"])}


def _delete_model(_: Any, info: Any, values: dict[str, Any]) -> Any:
    project = _project_of(info.context, values["id"])
    accounts.need_project(info.context, project["entity"], project["name"])
    info.context.store.update("project", project["id"], deleted_ms=ids.now_ms())
    return SUCCESS


def _upsert_sweep(_: Any, info: Any, values: dict[str, Any]) -> Any:
    service: Service = info.context
    columns = {name: name for name in ("config", "state", "description", "controller", "scheduler")}
    columns["displayName"] = "display_name"
    changes = {column: values[name] for name, column in columns.items() if values.get(name) is not None}
    if values.get("id"):
        sweep_id = ids.number("Sweep", values["id"])
        service.store.update("sweep", sweep_id, **changes, updated_ms=ids.now_ms())
    else:
        project, _made = accounts.make_project(service, values.get("entityName"), values.get("projectName"))
        values = {"state": "PENDING", "config": "{}", **changes}
        sweep_id = service.store.insert(
            "sweep", project_id=project["id"], name=secrets.token_hex(4), created_ms=ids.now_ms(), **values
        )
    found = service.store.row("SELECT * FROM sweep WHERE id = ?", sweep_id)
    if found is None:
        raise ServiceError(f"sweep {values['id']} not found", 404)
    return {"sweep": found, "configValidationWarnings": []}


RESOLVERS = {
    "upsertBucket": _upsert_bucket,
    "deleteRun": _delete_run,
    "stopRun": _stop_run,
    "notifyScriptableRunAlert": _alert,
    "updateRunState": _update_run_state,
    "createRunFiles": _create_run_files,
    "markRunFilesUploaded": _mark_run_files,
    "deleteFiles": _delete_files,
    "upsertModel": _upsert_model,
    "renameProject": _rename_project,
    "deleteModel": _delete_model,
    "upsertSweep": _upsert_sweep,
}
