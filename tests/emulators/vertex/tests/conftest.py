"""A server in this process, fresh projects on it, and the vendor's clients before it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulators.vertex import Server
from emulators.vertex.clients import client, insecure_grpc

_NUMBERS = itertools.count(1)
LOCATION = "us-central1"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all proofs of this worker."""
    with Server(tmp_path_factory.mktemp("vertex")) as started:
        yield started


@pytest.fixture
def project(server: Server) -> str:
    """A project that no other test uses."""
    return f"proof-{next(_NUMBERS)}"


@pytest.fixture
def parent(project: str) -> str:
    """That project's location."""
    return f"projects/{project}/locations/{LOCATION}"


@pytest.fixture(params=["grpc", "rest"])
def transport(request: pytest.FixtureRequest) -> str:
    """Each of the two front ends."""
    return request.param


@pytest.fixture
def service(server: Server) -> Callable[..., Any]:
    """Make a service's client: over gRPC unless asked otherwise."""
    return lambda name, transport="grpc": client(name, server.url if transport == "rest" else server.address, transport)


@pytest.fixture
def init(server: Server, project: str, transport: str) -> Iterator[Callable[..., Any]]:
    """Set the high-level SDK, unmodified, to this project over each transport, and give it.

    Each ``init`` has to name project and transport again: without a project the SDK goes over to REST, silently.
    """
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import aiplatform

    def init(**more: Any) -> Any:
        aiplatform.init(
            project=project,
            location=LOCATION,
            credentials=AnonymousCredentials(),
            api_endpoint=server.url if transport == "rest" else server.address,
            api_transport=transport,
            **more,
        )
        return aiplatform

    with insecure_grpc():
        yield init
    aiplatform.initializer.global_config.__init__()
