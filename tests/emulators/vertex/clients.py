"""How the vendor's own clients are led to a local server.

REST needs nothing but options: ``api_endpoint="http://…"`` and anonymous credentials. gRPC speaks TLS unless the
transport is given a channel, or makes one otherwise: `insecure_grpc` replaces ``create_channel``, the transports' own
hook for that, which the high-level SDK's clients go through too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import grpc
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform_v1

from emulators.vertex import vendor

_OPTIONS = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


def client(service: str, endpoint: str, transport: str = "grpc") -> Any:
    """Make the GAPIC client of a service, ``MetadataService`` and so on.

    `endpoint` is a server's ``grpc`` (``HOST:PORT``) or ``rest`` (a URL).
    """
    made = getattr(aiplatform_v1, f"{service}Client")
    if transport == "rest":
        options = {"api_endpoint": endpoint}
        return made(transport="rest", credentials=AnonymousCredentials(), client_options=options)
    return made(transport=vendor.grpc_transport(service)(channel=grpc.insecure_channel(endpoint, _OPTIONS)))


@contextmanager
def insecure_grpc() -> Iterator[None]:
    """Have every gRPC transport of the three services open plaintext channels."""

    def create_channel(_cls: Any, host: str, **_: Any) -> grpc.Channel:
        return grpc.insecure_channel(host, _OPTIONS)

    with ExitStack() as stack:
        for service in vendor.SERVICES:
            hooked = mock.patch.object(vendor.grpc_transport(service), "create_channel", classmethod(create_channel))
            stack.enter_context(hooked)
        yield
