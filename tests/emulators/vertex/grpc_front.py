"""The service over gRPC: any method that the vendor's transports know, by its path."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from emulators.vertex import vendor
from emulators.vertex.core import Core, CutError
from emulators.vertex.errors import RefusedError

WORKERS = 32
_DETAILS = "grpc-status-details-bin"


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, core: Core, cut: Any) -> None:
        self._core = core
        self._cut = cut

    def service(self, handler_call_details: Any) -> Any:
        method = vendor.methods().get(handler_call_details.method)
        if method is None:
            return None

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return self._core.call(method, request)
            except RefusedError as refused:
                return _refuse(context, refused)
            except CutError:
                self._cut()
                return context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=method.request.FromString,
            response_serializer=method.response.SerializeToString,
        )


class GrpcFront:
    """A gRPC server on a loopback port, without TLS."""

    def __init__(self, core: Core, port: int = 0) -> None:
        self._core = core
        self._cutting = threading.Lock()
        self._server, self.port = self._start(port)

    @property
    def address(self) -> str:
        """Where it listens, as ``HOST:PORT``."""
        return f"127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Drop every connection at once, calls under way included, and listen on.

        The next server listens on the same port (by SO_REUSEPORT) before this one goes: clients that come back find it.
        """
        with self._cutting:
            dropped = self._server
            self._server, self.port = self._start(self.port)
            dropped.stop(None)

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop(None).wait()

    def _start(self, port: int) -> tuple[grpc.Server, int]:
        server = grpc.server(
            futures.ThreadPoolExecutor(WORKERS, thread_name_prefix="vertex-grpc"),
            handlers=[_Handler(self._core, self.cut)],
            options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
        )
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        return server, bound


def _refuse(context: grpc.ServicerContext, refused: RefusedError) -> Any:
    status = status_pb2.Status(code=code_pb2.Code.Value(refused.code), message=refused.message)
    if refused.retry_after_s is not None:
        delay = duration_pb2.Duration()
        delay.FromNanoseconds(int(refused.retry_after_s * 1e9))
        packed = any_pb2.Any()
        packed.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        status.details.append(packed)
    context.set_trailing_metadata(((_DETAILS, status.SerializeToString()),))
    return context.abort(grpc.StatusCode[refused.code], refused.message)
