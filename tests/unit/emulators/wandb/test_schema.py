"""The schema is what the installed SDK asks for, so that an SDK that asks for more shows."""

from __future__ import annotations

import importlib

import pytest
from graphql import GraphQLInputObjectType, parse, validate

from emulators.wandb.graphql_endpoint import schema
from emulators.wandb.operations import Operation, operations

# Launch, agents and schedulers of sweeps, reports, user administration, `wandb verify`: no tracking.
ELSEWHERE = {
    *("CreateAgent", "CreateDefaultResourceConfig", "CreateInvite", "CreateRunQueue", "CreateServiceAccount"),
    *("CreateTeam", "CreateUserFromAdmin", "DeleteApiKey", "DeleteFromRunQueue", "DeleteInvite", "DeleteRunQueue"),
    *("EnqueueSweepRun", "GenerateApiKey", "GetAgentRuns", "GetDefaultResourceConfig", "GetRunQueueItem"),
    *("GetRunQueueItems", "GetRunQueueMetadata", "GetSweepAgent", "GetSweepAgents", "Heartbeat", "ProjectViews"),
    *("SearchUsers", "SweepConfig", "UpsertRunQueue", "fetchRunQueuesFromProject", "Project", "ServerInfo"),
    # Who may do what in a registry, and charts of one's own.
    *("CreateCustomChart", "CreateRegistryMembers", "DeleteRegistryMembers", "RegistryTeamMembers"),
    *("RegistryUserMembers", "UpdateTeamRegistryRole", "UpdateUserRegistryRole"),
    # Going back to an earlier step of a run, which W&B calls a private preview.
    "RewindRun",
}
# Its text is finished by the function that has it; test_runs starts a sweep.
TEMPLATES = {"UpsertSweep"}


@pytest.fixture(scope="module")
def found() -> list[Operation]:
    return list(operations())


def test_operations_are_found_in_python_and_in_the_binary(found):
    places = {each.where for each in found}
    assert {"bin/wandb-core", "apis/public/runs.py", "sdk/artifacts/_generated/operations.py"} <= places
    assert len(found) > 120


def test_every_operation_of_tracking_is_in_the_schema(found):
    refused = {each.name for each in found if validate(schema(), parse(each.text))}
    assert refused == ELSEWHERE | TEMPLATES


@pytest.mark.parametrize("package", ["wandb.apis._generated", "wandb.sdk.artifacts._generated"])
def test_inputs_have_the_fields_that_the_sdk_generates(package):
    inputs = importlib.import_module(f"{package}.input_types")
    checked = 0
    for name, kind in schema().type_map.items():
        model = getattr(inputs, name, None)
        if isinstance(kind, GraphQLInputObjectType) and model is not None:
            assert set(kind.fields) == {field.alias or key for key, field in model.model_fields.items()}, name
            checked += 1
    assert checked >= 3
