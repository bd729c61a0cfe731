"""Experiments, trials, trial components and which component belongs to which trials."""

from __future__ import annotations

import math
from typing import Any

from emulators.sagemaker import entities, errors, metrics
from emulators.sagemaker.call import Call
from emulators.sagemaker.entities import COMPONENT, EXPERIMENT, TRIAL
from emulators.sagemaker.model import project
from emulators.sagemaker.paging import listed, page
from emulators.sagemaker.store import Document

MEMBERSHIP = "membership"
_MAPS = ("Parameters", "InputArtifacts", "OutputArtifacts")


def create_experiment(call: Call) -> dict[str, Any]:
    """Create an experiment: "If you don't specify DisplayName, the value in ExperimentName is displayed"."""
    return entities.create_named(call, EXPERIMENT, {"DisplayName": call.request["ExperimentName"], **call.request})


def describe_experiment(call: Call) -> dict[str, Any]:
    """Describe an experiment."""
    return project("DescribeExperimentResponse", entities.require(call, EXPERIMENT, call.request["ExperimentName"]))


def update_experiment(call: Call) -> dict[str, Any]:
    """Change the display name; "adds, updates, or removes the description": an empty one removes."""
    found = entities.require(call, EXPERIMENT, call.request["ExperimentName"])
    changes = {name: call.request[name] for name in ("DisplayName", "Description") if name in call.request}
    return entities.change(call, EXPERIMENT, found, {name: value or None for name, value in changes.items()})


def delete_experiment(call: Call) -> dict[str, Any]:
    """Delete an experiment: "All trials associated with the experiment must be deleted first"."""
    found = entities.require(call, EXPERIMENT, call.request["ExperimentName"])
    count = len(trials_of(call, found["ExperimentName"]))
    if count:
        raise errors.in_use(
            f"Experiment '{found['ExperimentName']}' has {count} associated trials, which must be deleted first."
        )
    return entities.delete(call, EXPERIMENT, found)


def list_experiments(call: Call) -> dict[str, Any]:
    """List the experiments."""
    rows, token = page(call, listed(call, EXPERIMENT, "ExperimentName"))
    return {"ExperimentSummaries": [project("ExperimentSummary", row) for row in rows], **token}


def create_trial(call: Call) -> dict[str, Any]:
    """Create a trial in an experiment."""
    experiment = entities.require(call, EXPERIMENT, call.request["ExperimentName"])
    present, most = len(trials_of(call, experiment["ExperimentName"])), call.switches.trials_per_experiment
    if present >= most:
        what = (
            "Total number of trials allowed in a single experiment, excluding those automatically created by SageMaker"
        )
        raise errors.limit(what, most, "Trials")
    document = {"DisplayName": call.request["TrialName"], **call.request}
    return entities.create_named(call, TRIAL, {**document, "ExperimentName": experiment["ExperimentName"]})


def describe_trial(call: Call) -> dict[str, Any]:
    """Describe a trial."""
    return project("DescribeTrialResponse", entities.require(call, TRIAL, call.request["TrialName"]))


def update_trial(call: Call) -> dict[str, Any]:
    """Change a trial's display name."""
    found = entities.require(call, TRIAL, call.request["TrialName"])
    return entities.change(call, TRIAL, found, {"DisplayName": call.request.get("DisplayName", found["DisplayName"])})


def delete_trial(call: Call) -> dict[str, Any]:
    """Delete a trial: "All trial components that make up the trial must be deleted first"."""
    found = entities.require(call, TRIAL, call.request["TrialName"])
    count = len(memberships(call, trial=found["TrialName"]))
    if count:
        raise errors.in_use(f"Trial '{found['TrialName']}' has {count} associated trial components.")
    return entities.delete(call, TRIAL, found)


def list_trials(call: Call) -> dict[str, Any]:
    """List trials, of an experiment and with a component if these are given."""
    rows = listed(call, TRIAL, "TrialName")
    if "ExperimentName" in call.request:
        name = entities.require(call, EXPERIMENT, call.request["ExperimentName"])["ExperimentName"]
        rows = [row for row in rows if row[1]["ExperimentName"] == name]
    if "TrialComponentName" in call.request:
        component = entities.require(call, COMPONENT, call.request["TrialComponentName"])["TrialComponentName"]
        lag_s = call.switches.list_lag_s
        names = {one["TrialName"] for one in memberships(call, component=component, lag_s=lag_s)}
        rows = [row for row in rows if row[1]["TrialName"] in names]
    shown, token = page(call, rows)
    return {"TrialSummaries": [project("TrialSummary", row) for row in shown], **token}


def create_component(call: Call) -> dict[str, Any]:
    """Create a trial component."""
    _check_parameters(call)
    document = {"DisplayName": call.request["TrialComponentName"], **call.request}
    return entities.create_named(call, COMPONENT, document)


def describe_component(call: Call) -> dict[str, Any]:
    """Describe a trial component, with a summary of each of its metrics."""
    found = entities.require(call, COMPONENT, call.request["TrialComponentName"])
    return project("DescribeTrialComponentResponse", {**found, "Metrics": metrics.summaries(call, found)})


def update_component(call: Call) -> dict[str, Any]:
    """Change a component: maps are merged ("Replaces all … or add new"), or replaced as a switch has it.

    A key that is both removed and given stays with the value given. A map may not grow beyond what an answer can hold.
    """
    found = entities.require(call, COMPONENT, call.request["TrialComponentName"])
    _check_parameters(call)
    plain = ("DisplayName", "Status", "StartTime", "EndTime")
    changes: Document = {name: call.request[name] for name in plain if name in call.request}
    for name in _MAPS:
        given, removed = call.request.get(name), call.request.get(f"{name}ToRemove", [])
        if given is None and not removed:
            continue
        before = {} if given is not None and call.switches.update_maps == "replace" else found.get(name, {})
        merged = {key: value for key, value in before.items() if key not in removed} | (given or {})
        most = 300 if name == "Parameters" else 60  # TrialComponentParameters, TrialComponentArtifacts
        if len(merged) > most:
            raise errors.invalid(f"A trial component can have at most {most} {name}; this would make {len(merged)}.")
        changes[name] = merged
    return entities.change(call, COMPONENT, found, changes)


def delete_component(call: Call) -> dict[str, Any]:
    """Delete a component: "must be disassociated from all trials before the trial component can be deleted"."""
    found = entities.require(call, COMPONENT, call.request["TrialComponentName"])
    count = len(memberships(call, component=found["TrialComponentName"]))
    if count:
        raise errors.in_use(
            f"Trial component '{found['TrialComponentName']}' must be disassociated from its {count} trials first."
        )
    metrics.forget(call, found)
    return entities.delete(call, COMPONENT, found)


def list_components(call: Call) -> dict[str, Any]:
    """List components: of an experiment, of a trial or with a source, "you can't filter by" two of them."""
    asked = [name for name in ("ExperimentName", "TrialName", "SourceArn") if name in call.request]
    if len(asked) > 1:
        raise errors.invalid(
            f"Only one of ExperimentName, TrialName and SourceArn can be given, not {', '.join(asked)}."
        )
    rows = listed(call, COMPONENT, "TrialComponentName")
    lag_s = call.switches.list_lag_s
    match asked:
        case ["SourceArn"]:
            rows = [row for row in rows if row[1].get("Source", {}).get("SourceArn") == call.request["SourceArn"]]
        case ["TrialName"]:
            trial = entities.require(call, TRIAL, call.request["TrialName"])["TrialName"]
            rows = _only(rows, memberships(call, trial=trial, lag_s=lag_s))
        case ["ExperimentName"]:
            experiment = entities.require(call, EXPERIMENT, call.request["ExperimentName"])["ExperimentName"]
            trials = set(trials_of(call, experiment, lag_s=lag_s))
            rows = _only(rows, [one for one in memberships(call, lag_s=lag_s) if one["TrialName"] in trials])
    shown, token = page(call, rows)
    return {"TrialComponentSummaries": [project("TrialComponentSummary", row) for row in shown], **token}


def associate(call: Call) -> dict[str, Any]:
    """Put a component into a trial: "A trial component can be associated with multiple trials"."""
    component, trial = _pair(call)
    key = f"{trial['TrialName']}/{component['TrialComponentName']}".lower()
    if call.shelf.get(MEMBERSHIP, key) is None:
        present, most = len(memberships(call, trial=trial["TrialName"])), call.switches.components_per_trial
        if present >= most:
            what = "Total number of trial components allowed in a single trial, excluding those automatically created by SageMaker"
            raise errors.limit(what, most, "Trial Components")
        names = {"TrialName": trial["TrialName"], "TrialComponentName": component["TrialComponentName"]}
        call.shelf.put(MEMBERSHIP, key, {**names, "ExperimentName": trial["ExperimentName"]})
    elif call.switches.associate_twice == "reject":
        raise errors.invalid(f"The association of {key} already exists.")
    return {"TrialComponentArn": component["TrialComponentArn"], "TrialArn": trial["TrialArn"]}


def disassociate(call: Call) -> dict[str, Any]:
    """Take a component out of a trial: "This doesn't effect other trials the component is associated with"."""
    component, trial = _pair(call)
    key = f"{trial['TrialName']}/{component['TrialComponentName']}".lower()
    if call.shelf.get(MEMBERSHIP, key) is None:
        raise errors.missing(
            f"Trial component '{component['TrialComponentName']}' is not associated with trial '{trial['TrialName']}'."
        )
    call.shelf.delete(MEMBERSHIP, key)
    return {"TrialComponentArn": component["TrialComponentArn"], "TrialArn": trial["TrialArn"]}


def trials_of(call: Call, experiment: str, lag_s: float = 0.0) -> list[str]:
    """Give the names of an experiment's trials."""
    return [one["TrialName"] for _, one in call.shelf.items(TRIAL, lag_s) if one["ExperimentName"] == experiment]


def memberships(call: Call, trial: str = "", component: str = "", lag_s: float = 0.0) -> list[Document]:
    """Give which components belong to which trials, of one trial or one component if that is given."""
    return [
        one
        for _, one in call.shelf.items(MEMBERSHIP, lag_s)
        if (not trial or one["TrialName"] == trial) and (not component or one["TrialComponentName"] == component)
    ]


def _pair(call: Call) -> tuple[Document, Document]:
    component = entities.require(call, COMPONENT, call.request["TrialComponentName"])
    return component, entities.require(call, TRIAL, call.request["TrialName"])


def _only(rows: list[tuple[str, Document]], among: list[Document]) -> list[tuple[str, Document]]:
    names = {one["TrialComponentName"] for one in among}
    return [row for row in rows if row[1]["TrialComponentName"] in names]


def _check_parameters(call: Call) -> None:
    for key, value in call.request.get("Parameters", {}).items():
        if call.switches.non_finite == "item" and not math.isfinite(value.get("NumberValue", 0.0)):
            raise errors.invalid(f"Parameter '{key}': NumberValue must be a finite number.")
        if len(value) != 1:
            raise errors.invalid(f"Parameter '{key}': only one of StringValue and NumberValue can and must be given.")


OPERATIONS = {
    "CreateExperiment": create_experiment,
    "DescribeExperiment": describe_experiment,
    "UpdateExperiment": update_experiment,
    "DeleteExperiment": delete_experiment,
    "ListExperiments": list_experiments,
    "CreateTrial": create_trial,
    "DescribeTrial": describe_trial,
    "UpdateTrial": update_trial,
    "DeleteTrial": delete_trial,
    "ListTrials": list_trials,
    "CreateTrialComponent": create_component,
    "DescribeTrialComponent": describe_component,
    "UpdateTrialComponent": update_component,
    "DeleteTrialComponent": delete_component,
    "ListTrialComponents": list_components,
    "AssociateTrialComponent": associate,
    "DisassociateTrialComponent": disassociate,
}
