"""What the vendor publishes: messages, methods and routes, read from the installed google-cloud-aiplatform.

Nothing is written down twice: the methods with their request and response types are those that the vendor's own gRPC
transports register on a channel, the routes are the ``http_options`` of its REST transports, and which fields are
required, immutable or output only is what the docstrings of its types say.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.cloud import aiplatform_v1
from google.cloud.aiplatform_v1.services.metadata_service.transports import grpc as metadata_grpc
from google.cloud.aiplatform_v1.services.metadata_service.transports import rest_base as metadata_rest
from google.cloud.aiplatform_v1.services.model_service.transports import grpc as model_grpc
from google.cloud.aiplatform_v1.services.model_service.transports import rest_base as model_rest
from google.cloud.aiplatform_v1.services.tensorboard_service.transports import grpc as tensorboard_grpc
from google.cloud.aiplatform_v1.services.tensorboard_service.transports import rest_base as tensorboard_rest
from google.longrunning import operations_pb2
from google.protobuf import descriptor_pool, empty_pb2, message_factory

PACKAGE = "google.cloud.aiplatform.v1"
_TRANSPORTS = {
    "MetadataService": (
        metadata_grpc.MetadataServiceGrpcTransport,
        metadata_rest._BaseMetadataServiceRestTransport,
    ),
    "TensorboardService": (
        tensorboard_grpc.TensorboardServiceGrpcTransport,
        tensorboard_rest._BaseTensorboardServiceRestTransport,
    ),
    "ModelService": (model_grpc.ModelServiceGrpcTransport, model_rest._BaseModelServiceRestTransport),
}
SERVICES = tuple(_TRANSPORTS)
_OPERATIONS = {
    "GetOperation": (operations_pb2.GetOperationRequest, operations_pb2.Operation),
    "ListOperations": (operations_pb2.ListOperationsRequest, operations_pb2.ListOperationsResponse),
    "CancelOperation": (operations_pb2.CancelOperationRequest, empty_pb2.Empty),
    "DeleteOperation": (operations_pb2.DeleteOperationRequest, empty_pb2.Empty),
    "WaitOperation": (operations_pb2.WaitOperationRequest, operations_pb2.Operation),
}
_BEHAVIOURS = ("Required", "Optional", "Output only", "Input only", "Immutable")
_BEHAVIOUR = re.compile(rf"(?:(?:{'|'.join(_BEHAVIOURS)})\.\s+)+")


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP binding of a method: ``body`` is a field, ``*`` for the whole request, or None."""

    verb: str
    uri: str
    body: str | None


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a service with the raw protobuf classes of its request and response."""

    service: str
    name: str
    path: str
    request: Any
    response: Any
    routes: tuple[Route, ...]

    @property
    def key(self) -> str:
        """How switches, faults and logs name it: ``MetadataService.CreateContext``."""
        return f"{self.service}.{self.name}"


def message(name: str) -> Any:
    """Give the raw protobuf class behind a type of aiplatform_v1."""
    return getattr(aiplatform_v1, name).pb()


@functools.cache
def methods() -> dict[str, Method]:
    """Give all methods of the three services and of long-running operations, by their gRPC path."""
    found: dict[str, Method] = {}
    for service, (transport, rest) in _TRANSPORTS.items():
        for path, request, response in _registered(transport):
            if f"{PACKAGE}." not in path:
                continue
            name = path.rpartition("/")[2]
            options = getattr(rest, f"_Base{name}")._get_http_options()
            routes = tuple(Route(option["method"], option["uri"], option.get("body")) for option in options)
            found[path] = Method(service, name, path, request, response, routes)
    rest = metadata_rest._BaseMetadataServiceRestTransport
    for name, (request, response) in _OPERATIONS.items():
        options = getattr(rest, f"_Base{name}")._get_http_options()
        routes = tuple(Route(option["method"], option["uri"], option.get("body")) for option in options)
        path = f"/google.longrunning.Operations/{name}"
        found[path] = Method("Operations", name, path, request, response, routes)
    return found


def behaviours(message_class: Any) -> dict[str, frozenset[str]]:
    """Give the field behaviours (google.aip.dev/203) of a message's fields as its docstring states them."""
    return _behaviours(message_class.DESCRIPTOR.full_name)


@functools.cache
def _behaviours(full_name: str) -> dict[str, frozenset[str]]:
    documented = _documented(full_name)
    if documented is None:
        return {}
    found = {}
    for name, text in re.findall(
        r"^ {4}(\w+) \([^\n]*(?:\n {8}[^\n]*?)*?\):\n((?: {8}[^\n]*\n?|\n)+)",
        inspect.getdoc(documented) + "\n",
        re.MULTILINE,
    ):
        said = _BEHAVIOUR.match(" ".join(text.split()) + " ")
        stated = frozenset(said.group().replace(". ", ".").rstrip(".").split(".")) if said else frozenset()
        found[name] = frozenset(word.strip() for word in stated)
    return found


def _documented(full_name: str) -> Any:
    if not full_name.startswith(f"{PACKAGE}."):
        return None
    found: Any = aiplatform_v1
    for part in full_name.removeprefix(f"{PACKAGE}.").split("."):
        found = getattr(found, part, None)
        if found is None:
            return None
    return found


class _Recorder(grpc.Channel):
    """A channel that connects nothing and remembers what a transport registers on it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any, Any]] = []

    def unary_unary(
        self, method: str, request_serializer: Any = None, response_deserializer: Any = None, *_: Any
    ) -> Any:
        self.seen.append((method, _raw(request_serializer), _raw(response_deserializer)))
        return lambda *_args, **_options: None

    def _ignored(self, *_: Any, **__: Any) -> Any:
        """Blobs are read by a stream (ReadTensorboardBlobData), which is left unimplemented."""
        return lambda *_args, **_options: None

    unary_stream = stream_unary = stream_stream = subscribe = unsubscribe = _ignored

    def close(self) -> None:
        """There is nothing to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _raw(codec: Callable[..., Any] | None) -> Any:
    """Find the raw protobuf class in a (de)serializer, which is bound to its message class, proto-plus or not."""
    owner = getattr(codec, "__self__", None)
    if owner is None:  # SerializeToString is a plain function of its class
        return getattr(codec, "__objclass__", None)
    return owner.pb() if hasattr(owner, "pb") else owner


def _registered(transport: Any) -> Iterable[tuple[str, Any, Any]]:
    recorder = _Recorder()
    made = transport(channel=recorder)
    made._logged_channel = recorder  # the transport's own wrapper would register a method only when it is called
    made._stubs.clear()
    for name in dir(transport):
        if not name.startswith("_") and isinstance(getattr(transport, name), property) and name != "operations_client":
            getattr(made, name)
    return {path: (path, request, response) for path, request, response in recorder.seen}.values()


def unpack(packed: Any) -> Any:
    """Give the message in an Any, or None where its type is unknown here."""
    try:
        described = descriptor_pool.Default().FindMessageTypeByName(packed.TypeName())
    except KeyError:
        return None
    inner = message_factory.GetMessageClass(described)()
    packed.Unpack(inner)
    return inner


def grpc_transport(service: str) -> Any:
    """Give the gRPC transport class of a service."""
    return _TRANSPORTS[service][0]
