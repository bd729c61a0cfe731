"""Long-running operations: pending, done, failed, listed and forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1
from google.longrunning import operations_pb2

from emulators.vertex import Remote


def upload(models: v1.ModelServiceClient, parent: str, model_id: str = "fraud") -> Any:
    model = v1.Model(display_name="fraud")
    return models.upload_model(request={"parent": parent, "model_id": model_id, "model": model})


def poll(models: v1.ModelServiceClient, name: str) -> operations_pb2.Operation:
    return models.get_operation(operations_pb2.GetOperationRequest(name=name))


def test_an_answer_is_never_done_at_once(models: v1.ModelServiceClient, parent: str) -> None:
    operation = upload(models, parent).operation
    assert not operation.done
    assert operation.name.startswith(models.get_model(name=f"{parent}/models/fraud").name)
    assert operation.metadata.TypeName() == "google.cloud.aiplatform.v1.UploadModelOperationMetadata"
    done = poll(models, operation.name)
    assert done.done
    assert done.response.TypeName() == "google.cloud.aiplatform.v1.UploadModelResponse"


def test_an_operation_may_disappoint_several_polls(models: v1.ModelServiceClient, parent: str, remote: Remote) -> None:
    with remote.flipped(operation_polls=2):
        name = upload(models, parent).operation.name
    assert [poll(models, name).done for _ in range(4)] == [False, False, True, True]


def test_a_pending_operation_has_no_effect_yet(models: v1.ModelServiceClient, parent: str, remote: Remote) -> None:
    with remote.flipped(operation_s=1.5):
        operation = upload(models, parent)
        with pytest.raises(exceptions.NotFound):
            models.get_model(name=f"{parent}/models/fraud")
        other = upload(models, parent)
    assert operation.result(timeout=20).model_version_id == "1"
    with pytest.raises(exceptions.GoogleAPICallError, match="already exists"):
        other.result(timeout=20)


def test_an_operation_that_fails_leaves_nothing_half_done(
    models: v1.ModelServiceClient, parent: str, remote: Remote
) -> None:
    name = upload(models, parent).result().model
    models.merge_version_aliases(name=f"{name}@1", version_aliases=["live"])
    model = v1.Model(display_name="fraud", version_aliases=["live"])
    with remote.flipped(taken_alias="refuse"):
        operation = models.upload_model(request={"parent": parent, "parent_model": name, "model": model})
        with pytest.raises(exceptions.AlreadyExists):
            operation.result(timeout=20)
    assert [version.version_id for version in models.list_model_versions(name=name)] == ["1"]
    assert upload_version(models, parent, name) == "2"


def upload_version(models: v1.ModelServiceClient, parent: str, name: str) -> str:
    request = {"parent": parent, "parent_model": name, "model": v1.Model(display_name="fraud")}
    return models.upload_model(request=request).result().model_version_id


def test_the_location_may_hold_all_operations(models: v1.ModelServiceClient, parent: str, remote: Remote) -> None:
    with remote.flipped(operation_names="location"):
        name = upload(models, parent).operation.name
    assert name.split("/")[4] == "operations"
    assert poll(models, name).done


def test_operations_are_listed_and_forgotten(models: v1.ModelServiceClient, parent: str) -> None:
    name = upload(models, parent).operation.name
    listed = models.list_operations(operations_pb2.ListOperationsRequest(name=parent))
    assert [operation.name for operation in listed.operations] == [name]
    models.cancel_operation(operations_pb2.CancelOperationRequest(name=name))
    models.delete_operation(operations_pb2.DeleteOperationRequest(name=name))
    with pytest.raises(exceptions.NotFound):
        poll(models, name)


def test_over_rest_too(clients: dict[tuple[str, str], Any], parent: str, remote: Remote) -> None:
    models = clients["ModelService", "rest"]
    with remote.flipped(operation_polls=1):
        operation = upload(models, parent)
        assert operation.result(timeout=20).model_version_id == "1"
    assert poll(models, operation.operation.name).done
