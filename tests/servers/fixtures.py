"""The servers as session fixtures, for the tests of the core and of every plugin."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulators.neptune import dumps
from emulators.wandb.handle import Handle
from scripts import ELSEWHERE, play_all
from servers import accounts, gcs, mlflow, postgres, s3, sagemaker, vertex, wandb
from servers.clouds import CLOUDS
from servers.shared import Services


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """All servers of this session."""
    base = tmp_path_factory.getbasetemp()
    shared = Services((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "servers")
    yield shared
    shared.stop()


@pytest.fixture(scope="session")
def postgres_uri(services: Services) -> str:
    """A PostgreSQL server's URI; make databases of one's own in it."""
    return services.once("postgres", lambda folder: postgres.start(services, folder))["uri"]


@pytest.fixture(scope="session")
def s3_endpoint(services: Services) -> Iterator[str]:
    """An S3 server's URL; the environment leads boto3 and MLflow there."""
    endpoint = services.once("s3", lambda folder: s3.start(services, folder))["endpoint"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**s3.ENVIRONMENT, "MLFLOW_S3_ENDPOINT_URL": endpoint}.items():
            patch.setenv(name, value)
        yield endpoint


@pytest.fixture(scope="session")
def mlflow_sqlite(services: Services) -> dict[str, str]:
    """An MLflow server on SQLite; artifacts go through it."""
    return services.once("mlflow-sqlite", lambda folder: mlflow.start(services, folder))


@pytest.fixture(scope="session")
def mlflow_postgres_s3(services: Services, postgres_uri: str, s3_endpoint: str) -> dict[str, str]:
    """An MLflow server on PostgreSQL; clients put artifacts straight into S3."""

    def start(folder: Path) -> dict[str, str]:
        bucket = s3.create_bucket(s3_endpoint, "mlflow-direct")
        options = ["--no-serve-artifacts", "--default-artifact-root", f"s3://{bucket}/root"]
        database = postgres.create_database(postgres_uri)
        return {**mlflow.start(services, folder, database=database, options=options), "bucket": bucket}

    return services.once("mlflow-postgres-s3", start)


@pytest.fixture(scope="session")
def mlflow_postgres_proxied(services: Services, postgres_uri: str, s3_endpoint: str) -> dict[str, str]:
    """An MLflow server on PostgreSQL with two workers; artifacts go through it to S3."""

    def start(folder: Path) -> dict[str, str]:
        bucket = s3.create_bucket(s3_endpoint, "mlflow-proxied")
        options = ["--artifacts-destination", f"s3://{bucket}/root"]
        database = postgres.create_database(postgres_uri)
        return {**mlflow.start(services, folder, database=database, options=options, workers=2), "bucket": bucket}

    return services.once("mlflow-postgres-proxied", start)


@pytest.fixture(scope="session")
def mlflow_auth(services: Services) -> dict[str, str]:
    """An MLflow server that asks for a password: `mlflow.ADMIN` and `mlflow.PASSWORD`."""

    def start(folder: Path) -> dict[str, str]:
        options, env = mlflow.auth_settings(folder)
        return mlflow.start(services, folder, options=options, env=env)

    return services.once("mlflow-auth", start)


@pytest.fixture(scope="session")
def sagemaker_emulator(services: Services) -> dict[str, str]:
    """SageMaker's classic API, emulated; `emulators.sagemaker.Remote(url, account)` is its handle."""
    return services.once("sagemaker", lambda folder: sagemaker.start(services, folder))


@pytest.fixture
def sagemaker_place(
    services: Services, sagemaker_emulator: dict[str, str], s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> accounts.Place:
    """A fresh account of the emulated SageMaker, to which the environment leads."""
    place = accounts.new_place(services, sagemaker_emulator["url"], s3_endpoint)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    return place


@pytest.fixture
def sagemaker_docs(sagemaker_place: accounts.Place, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The same, for a page that also calls AWS's own client as a reader would."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", sagemaker_place.account.url)
    return {"url": sagemaker_place.url}


@pytest.fixture(scope="session")
def wandb_server(services: Services) -> Handle:
    """An emulated W&B service of this worker's own: faults and switches are not for others to feel."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return Handle(services.once(f"wandb-{worker}", lambda folder: wandb.start(services, folder))["url"])


@pytest.fixture
def wandb_emulator(wandb_server: Handle) -> Iterator[Handle]:
    """The emulated W&B service without faults and with its usual switches; what no client may ask fails the test."""
    wandb_server.reset()
    yield wandb_server
    violations = wandb_server.violations()
    wandb_server.reset()
    assert violations == []


@pytest.fixture(scope="session")
def wandb_service(services: Services) -> Iterator[dict[str, str]]:
    """An emulated W&B service for pages of the docs; the environment has its key."""
    started = services.once("wandb-pages", lambda folder: wandb.start(services, folder))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in Handle(started["url"]).environment.items():
            patch.setenv(name, value)
        yield started


@pytest.fixture(scope="session")
def vertex_emulator(services: Services) -> dict[str, str]:
    """Vertex AI, emulated: ``grpc``, ``rest``; `emulators.vertex.Remote(rest, project)` is its handle.

    Each worker has one of its own, for a fault may cut every connection of the server.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return services.once(f"vertex-{worker}", lambda folder: vertex.start(services, folder))


@pytest.fixture(scope="session")
def gcs_endpoint(services: Services) -> Iterator[str]:
    """A Cloud Storage server's URL; the environment leads google-cloud-storage and gcsfs there."""
    endpoint = services.once("gcs", lambda folder: gcs.start(services, folder))["endpoint"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in gcs.environment(endpoint).items():
            patch.setenv(name, value)
        yield endpoint


@pytest.fixture
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a fresh place on the emulated cloud that the test's indirect parameter names; see `servers.clouds`."""
    return CLOUDS[request.param](request, monkeypatch)


@pytest.fixture(scope="session")
def lasting_cloud(request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """The same for a whole session: gives the URL of one place on each emulated cloud, made when first asked for."""
    with pytest.MonkeyPatch.context() as patch:
        made: dict[str, str] = {}

        def place(name: str) -> str:
            if name not in made:
                made[name] = CLOUDS[name](request, patch)
            return made[name]

        yield place


@pytest.fixture(scope="session")
def vertex_project(vertex_emulator: dict[str, str], gcs_endpoint: str) -> dict[str, str]:
    """A project on the emulated Vertex AI and a bucket beside it, as the ``url`` of a backend."""
    bucket = gcs.create_bucket(gcs_endpoint, "vertex-project")
    where = f"staging=gs://{bucket}/tracking&endpoint={vertex_emulator['grpc']}&insecure=true"
    return {"url": f"vertex://acme/europe-west4?{where}"}


@pytest.fixture(scope="session")
def neptune_dump(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A dump of Neptune with all there can be; nobody changes it."""
    return {"url": f"neptune-dump://{dumps.whole(tmp_path_factory.mktemp('neptune'))}"}


@pytest.fixture(scope="session")
def scripts_elsewhere(services: Services) -> Callable[[str], str]:
    """Gives the URL of a place of `scripts.ELSEWHERE` where all the scripts were played, once for all vendors."""

    def play(folder: Path, kind: str) -> dict[str, str]:
        url = ELSEWHERE[kind].format(home=folder)
        play_all(url, folder / "home")
        return {"url": url}

    return lambda kind: services.once(f"scripts-{kind}", lambda folder: play(folder, kind))["url"]
