"""Long-running operations: google.longrunning.Operations over what the services begin.

An operation is checked at its call and has its effect when it is due, which the switches ``operation_s`` and
``operation_polls`` put off; one that cannot have its effect then carries the error. The first answer is never done:
"the API service should return … immediately" (google.aip.dev/151) and clients must ask again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2

from emulators.vertex import vendor
from emulators.vertex.errors import RefusedError, missing
from emulators.vertex.names import location_of
from emulators.vertex.world import Effect, Handler, World

_METADATA = {
    "MetadataService.CreateMetadataStore": "CreateMetadataStoreOperationMetadata",
    "MetadataService.DeleteMetadataStore": "DeleteMetadataStoreOperationMetadata",
    "MetadataService.PurgeArtifacts": "PurgeArtifactsMetadata",
    "MetadataService.PurgeContexts": "PurgeContextsMetadata",
    "MetadataService.PurgeExecutions": "PurgeExecutionsMetadata",
    "TensorboardService.CreateTensorboard": "CreateTensorboardOperationMetadata",
    "TensorboardService.UpdateTensorboard": "UpdateTensorboardOperationMetadata",
    "ModelService.UploadModel": "UploadModelOperationMetadata",
}


class Operations:
    """Begins operations for the services and answers for them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._effects: dict[str, tuple[Any, Effect]] = {}

    def on(self, key: str, request: Any, effect: Effect) -> None:
        """Say what the operations that a method begins do when they are due."""
        self._effects[key] = (request, effect)

    def begin(self, key: str, request: Message, resource: str) -> operations_pb2.Operation:
        """Begin an operation about a resource."""
        world = self._world
        below = resource if world.switches.operation_names == "resource" else location_of(resource)
        number = 10**18 + world.store.count("operation") * 7919
        operation = operations_pb2.Operation(name=f"{below}/operations/{number}")
        details = vendor.message(_METADATA.get(key, "DeleteOperationMetadata"))()
        details.generic_metadata.create_time.FromNanoseconds(world.now_ns())
        details.generic_metadata.update_time.CopyFrom(details.generic_metadata.create_time)
        operation.metadata.Pack(details)
        due = time.time() + world.switches.operation_s
        asked = (key, request.SerializeToString(), due, world.switches.operation_polls)
        world.store.add_operation(operation.name, *asked, operation.SerializeToString())
        self.advance(resource.split("/")[1])
        return operation

    def advance(self, project: str) -> None:
        """Let every operation of a project that is due have its effect."""
        store = self._world.store
        for name, key, asked, body in store.due_operations(project, time.time()):
            operation = operations_pb2.Operation.FromString(body)
            request_type, effect = self._effects[key]
            try:
                with store.attempt():
                    operation.response.Pack(effect(request_type.FromString(asked)))
            except RefusedError as refused:
                operation.error.code = code_pb2.Code.Value(refused.code)
                operation.error.message = refused.message
            operation.done = True
            store.effect_operation(name, operation.SerializeToString())

    def handlers(self) -> Mapping[str, Handler]:
        """Give the methods of google.longrunning.Operations."""
        return {
            "Operations.GetOperation": self._get,
            "Operations.ListOperations": self._list,
            "Operations.WaitOperation": self._get,
            "Operations.CancelOperation": self._cancel,
            "Operations.DeleteOperation": self._delete,
        }

    def _get(self, request: Any) -> Message:
        kept = self._world.store.operation(request.name)
        if kept is None:
            raise missing(request.name)
        body, polls, effected = kept
        operation = operations_pb2.Operation.FromString(body)
        if effected and polls <= 0:
            return operation
        self._world.store.poll_operation(request.name)
        return operations_pb2.Operation(name=operation.name, metadata=operation.metadata)

    def _list(self, request: Any) -> Message:
        found = [operations_pb2.Operation.FromString(body) for body in self._world.store.operations(request.name)]
        return operations_pb2.ListOperationsResponse(operations=found)

    def _cancel(self, request: Any) -> Message:
        if self._world.store.operation(request.name) is None:
            raise missing(request.name)
        return empty_pb2.Empty()  # "the server makes a best effort to cancel … but success is not guaranteed"

    def _delete(self, request: Any) -> Message:
        if self._world.store.operation(request.name) is None:
            raise missing(request.name)
        self._world.store.remove_operation(request.name)
        return empty_pb2.Empty()
