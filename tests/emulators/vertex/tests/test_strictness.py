"""What holds on every call: unknown fields, required fields, racing writers, and the counts of calls."""

from __future__ import annotations

from concurrent import futures

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import aiplatform_v1 as v1

from emulators.vertex import Remote, Server, vendor
from emulators.vertex.clients import client

PATH = "/google.cloud.aiplatform.v1.MetadataService/CreateContext"
WRITERS, KEYS = 8, 5


def test_an_unknown_field_is_refused_at_any_depth(server: Server, store: str, remote: Remote) -> None:
    unknown = b"\xf8\x3f\x01"  # field 1023, a varint
    inner = vendor.message("Context")(display_name="x").SerializeToString() + unknown
    request = vendor.message("CreateContextRequest")(parent=store).SerializeToString()
    for body in (
        request + b"\x12" + bytes([len(inner)]) + inner,
        vendor.message("CreateContextRequest")(parent=store, context={}).SerializeToString() + unknown,
    ):
        with grpc.insecure_channel(server.address) as channel, pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(PATH)(body)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation["message"] for violation in remote.violations()] == [
        "CreateContextRequest has unknown fields."
    ] * 2


@pytest.mark.parametrize(
    ("service", "method", "request_type", "missing"),
    [
        ("MetadataService", "create_context", v1.CreateContextRequest(), "context"),
        ("MetadataService", "update_execution", v1.UpdateExecutionRequest(), "execution"),
        ("TensorboardService", "create_tensorboard", v1.CreateTensorboardRequest(), "tensorboard"),
        ("TensorboardService", "create_tensorboard_run", v1.CreateTensorboardRunRequest(), "tensorboard_run"),
        ("ModelService", "upload_model", v1.UploadModelRequest(), "model"),
        ("ModelService", "update_model", v1.UpdateModelRequest(), "model"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_required_field_must_be_there(
    server: Server, parent: str, remote: Remote, service: str, method: str, request_type: object, missing: str
) -> None:
    if hasattr(request_type, "parent"):
        request_type.parent = parent
    with pytest.raises(exceptions.InvalidArgument, match=f"Required field {missing} is not set"):
        getattr(client(service, server.address), method)(request_type)


def test_writers_who_mind_etags_lose_nothing(
    server: Server, metadata: v1.MetadataServiceClient, store: str, remote: Remote
) -> None:
    name = metadata.create_context(parent=store, context=v1.Context(), context_id="shared").name
    remote.fail(
        method="MetadataService.UpdateContext", delay_s=0.01, times=None
    )  # so that all have read before one writes

    def write(writer: int) -> int:
        aborted = 0
        own = client("MetadataService", server.address)
        for key in range(KEYS):
            while True:
                read = own.get_context(name=name)
                merged = {**(read.metadata or {}), f"w{writer}-{key}": 1}
                try:
                    own.update_context(context=v1.Context(name=name, etag=read.etag, metadata=merged))
                    break
                except exceptions.Aborted:
                    aborted += 1
        return aborted

    with futures.ThreadPoolExecutor(WRITERS) as pool:
        aborted = sum(pool.map(write, range(WRITERS)))
    assert len(metadata.get_context(name=name).metadata) == WRITERS * KEYS
    assert aborted > 0  # they did race


def test_calls_are_counted_by_project(metadata: v1.MetadataServiceClient, store: str, remote: Remote) -> None:
    remote.forget_calls()
    for _ in range(3):
        metadata.get_metadata_store(name=store)
    assert remote.calls() == {"MetadataService.GetMetadataStore": 3}
