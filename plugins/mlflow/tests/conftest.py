"""The backends that these tests run on, and what of MLflow's own noise is let through."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from trackbridge.protocol import Backend, open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader

# MLflow and what it imports warn at import and at use; each line is one of theirs, none is about us.
THEIRS = (
    "ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning",  # MLflow's store on SQLAlchemy 2.1
    "ignore:.*Any type hint is inferred as AnyType:UserWarning",  # mlflow.pyfunc, while it is imported
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for line in THEIRS:
                item.add_marker(pytest.mark.filterwarnings(line), append=False)


@pytest.fixture(autouse=True)
def no_uri_is_left_set() -> Iterator[None]:
    """MLflow hands its URIs on to child processes through the environment: a test's own must not reach the next one's."""

    def uris() -> list[str | None]:
        return [os.environ.get(f"MLFLOW_{kind}_URI") for kind in ("TRACKING", "REGISTRY")]

    before = uris()
    yield
    assert uris() == before


@pytest.fixture(scope="session")
def direct_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An MLflow database without a server."""
    return f"mlflow+sqlite:///{tmp_path_factory.mktemp('direct') / 'mlflow.db'}"


@pytest.fixture(scope="session")
def server_url(mlflow_sqlite: dict[str, str]) -> str:
    """A server on SQLite; artifacts go through it."""
    return f"mlflow+{mlflow_sqlite['url']}"


@pytest.fixture(
    params=[
        "direct",
        pytest.param("server", marks=pytest.mark.server),
        pytest.param("postgres-s3", marks=[pytest.mark.server, pytest.mark.full]),
        pytest.param("postgres-proxied", marks=[pytest.mark.server, pytest.mark.full]),
    ]
)
def url(request: pytest.FixtureRequest) -> str:
    """Each kind of MLflow in turn."""
    match request.param:
        case "direct":
            return request.getfixturevalue("direct_url")
        case "server":
            return request.getfixturevalue("server_url")
        case "postgres-s3":
            return f"mlflow+{request.getfixturevalue('mlflow_postgres_s3')['url']}"
    request.getfixturevalue("s3_endpoint")
    return f"mlflow+{request.getfixturevalue('mlflow_postgres_proxied')['url']}"


@pytest.fixture
def backend(url: str) -> Iterator[Backend]:
    """A backend, opened for one test."""
    opened = open_backend(url)
    yield opened
    opened.adapter.close()


@pytest.fixture
def direct(direct_url: str) -> Iterator[Any]:
    """The adapter of a database without a server."""
    opened = open_backend(direct_url)
    yield opened.adapter
    opened.adapter.close()


@pytest.fixture
def adapter(backend: Backend) -> Any:
    return backend.adapter


@pytest.fixture
def name(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Give names that no other test uses."""
    mark = new_run_id()[-10:]
    return lambda stem: f"{stem}-{mark}"


@pytest.fixture
def start(adapter: Any, name: Callable[[str], str]) -> Callable[..., str]:
    """Make runs in an experiment of the test's own."""
    experiment = name("experiment")
    adapter.experiments.ensure(experiment)

    def start(**fields: Any) -> str:
        header = RunHeader(**{"id": new_run_id(), "experiment": experiment, "started_ms": 1_000, **fields})
        adapter.runs.create(header)
        return header.id

    return start
