"""A server in this process, fresh projects on it, and the vendor's clients before it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.cloud import aiplatform_v1 as v1

from emulators.vertex import Remote, Server
from emulators.vertex.clients import client, insecure_grpc

_NUMBERS = itertools.count(1)
LOCATION = "us-central1"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all proofs of this worker."""
    with Server(tmp_path_factory.mktemp("vertex")) as started:
        yield started


@pytest.fixture
def project() -> str:
    """A project that no other test uses."""
    return f"proof-{next(_NUMBERS)}"


@pytest.fixture
def remote(server: Server, project: str) -> Iterator[Remote]:
    """The handle on that project; its faults end with the test."""
    handle = server.remote(project)
    yield handle
    handle.heal()


@pytest.fixture
def parent(project: str) -> str:
    """That project's location."""
    return f"projects/{project}/locations/{LOCATION}"


@pytest.fixture(params=["grpc", "rest"])
def transport(request: pytest.FixtureRequest) -> str:
    """Each of the two front ends."""
    return request.param


@pytest.fixture(scope="session")
def clients(server: Server) -> dict[tuple[str, str], Any]:
    """The clients of all three services over both transports."""
    where = {"grpc": server.address, "rest": server.url}
    services = ("MetadataService", "TensorboardService", "ModelService")
    return {(name, over): client(name, where[over], over) for name in services for over in where}


@pytest.fixture
def metadata(clients: dict[tuple[str, str], Any]) -> v1.MetadataServiceClient:
    return clients["MetadataService", "grpc"]


@pytest.fixture
def boards(clients: dict[tuple[str, str], Any]) -> v1.TensorboardServiceClient:
    return clients["TensorboardService", "grpc"]


@pytest.fixture
def models(clients: dict[tuple[str, str], Any]) -> v1.ModelServiceClient:
    return clients["ModelService", "grpc"]


@pytest.fixture
def store(metadata: v1.MetadataServiceClient, parent: str) -> str:
    """The name of a metadata store."""
    operation = metadata.create_metadata_store(
        parent=parent, metadata_store=v1.MetadataStore(), metadata_store_id="default"
    )
    return operation.result().name


@pytest.fixture
def run(boards: v1.TensorboardServiceClient, parent: str) -> str:
    """The name of a TensorBoard run."""
    board = boards.create_tensorboard(parent=parent, tensorboard=v1.Tensorboard(display_name="board")).result()
    experiment = boards.create_tensorboard_experiment(parent=board.name, tensorboard_experiment_id="exp")
    made = v1.TensorboardRun(display_name="run")
    return boards.create_tensorboard_run(parent=experiment.name, tensorboard_run=made, tensorboard_run_id="run").name


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
