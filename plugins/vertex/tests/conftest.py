"""The backends that these tests run on: Vertex AI as an emulator serves it, and a real Cloud Storage server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulators.vertex import Remote
from emulators.vertex.clients import insecure_grpc
from servers import gcs
from trackbridge.protocol import Backend, open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader

LOCATION = "us-central1"
# Google's packages warn at import and at use; each line is one of theirs, none is about us.
THEIRS = (
    "ignore:.*google\\..*:FutureWarning",
    "ignore:.*google\\..*:DeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for line in THEIRS:
                item.add_marker(pytest.mark.filterwarnings(line), append=False)


class Place:
    """A project and a bucket that nobody else uses."""

    def __init__(self, emulator: dict[str, str], storage: str) -> None:
        self.emulator = emulator
        self.storage = storage
        self.project = f"p{new_run_id()[-12:]}"
        self.bucket = gcs.create_bucket(storage, f"b{new_run_id()[-12:]}")
        self.remote = Remote(emulator["rest"], self.project)

    def url(self, transport: str = "grpc", **options: str) -> str:
        """Give the backend's URL, with further options."""
        rest = self.emulator["rest"].removeprefix("http://")
        endpoint = self.emulator["grpc"] if transport == "grpc" else rest
        chosen = {
            "staging": f"gs://{self.bucket}/staging",
            "endpoint": endpoint,
            "insecure": "true",
            "transport": transport,
            **options,
        }
        return f"vertex://{self.project}/{LOCATION}?" + "&".join(f"{key}={value}" for key, value in chosen.items())


@pytest.fixture(scope="session")
def make_place(vertex_emulator: dict[str, str], gcs_endpoint: str) -> Callable[[], Place]:
    return lambda: Place(vertex_emulator, gcs_endpoint)


@pytest.fixture(scope="module")
def place(make_place: Callable[[], Place]) -> Place:
    """A project and a bucket of the module's own."""
    return make_place()


@pytest.fixture
def fresh(make_place: Callable[[], Place]) -> Place:
    """A project and a bucket of the test's own."""
    return make_place()


@pytest.fixture
def backend(place: Place) -> Iterator[Backend]:
    """A backend over gRPC, opened for one test."""
    opened = open_backend(place.url())
    yield opened
    opened.adapter.close()


@pytest.fixture
def adapter(backend: Backend) -> Any:
    return backend.adapter


@pytest.fixture
def name() -> Callable[[str], str]:
    """Give names that no other test uses."""
    mark = new_run_id()[-10:]
    return lambda stem: f"{stem}-{mark}"


@pytest.fixture
def start(adapter: Any, name: Callable[[str], str]) -> Callable[..., str]:
    """Make runs in an experiment of the test's own."""
    experiment = name("experiment")
    adapter.experiments.ensure(experiment)

    def start(**fields: Any) -> str:
        label = fields.pop("label", None)
        header = RunHeader(**{"id": new_run_id(), "experiment": experiment, "started_ms": 1_000, **fields})
        adapter.runs.create(header, name=label)
        return header.id

    return start


@pytest.fixture
def sdk() -> Iterator[Callable[..., Any]]:
    """Give Google's high-level SDK, its one global configuration turned to a place: it knows nothing of trackbridge."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import aiplatform
    from google.cloud.aiplatform.metadata import metadata

    def turn(place: Place, **options: Any) -> Any:
        aiplatform.init(
            project=place.project,
            location=LOCATION,
            credentials=AnonymousCredentials(),
            api_endpoint=place.emulator["grpc"],
            api_transport="grpc",
            staging_bucket=f"gs://{place.bucket}",
            **options,
        )
        return aiplatform

    # Another test of this process may have left it an experiment or a TensorBoard, for which it wants real credentials.
    metadata._experiment_tracker.__init__()
    with insecure_grpc():
        yield turn
    metadata._experiment_tracker.__init__()
    aiplatform.initializer.global_config.__init__()
