"""SageMaker's managed MLflow by its ARN: a real MLflow server behind the vendor's own plugin, artifacts in moto's S3.

The plugin is told to go to loopback by its own SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT; what it sends there is looked at.
"""

from __future__ import annotations

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

import trackbridge as tb
from parts import SMALL, keeps_a_part
from servers import mlflow
from servers.accounts import new_place
from servers.mlflow import ARN
from trackbridge.config import configure
from trackbridge.errors import AuthError, ConfigurationError
from trackbridge.protocol import open_backend, parse_url
from trackbridge.testing import Contract
from trackbridge_mlflow.address import address_of


@pytest.fixture(scope="module")
def managed(mlflow_postgres_s3):
    """The ARN of a real server whose clients put artifacts straight into S3."""
    with pytest.MonkeyPatch.context() as patch:
        yield mlflow.managed(mlflow_postgres_s3["url"], patch)


@pytest.fixture(scope="module")
def packaged(managed, services, sagemaker_emulator, s3_endpoint):
    """The same with models in SageMaker's registry."""
    place = new_place(services, sagemaker_emulator["url"], s3_endpoint)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.environment.items():
            patch.setenv(name, value)
        yield f"{managed}?registry=sagemaker&{place.url.partition('?')[2]}", place


@pytest.mark.server
@pytest.mark.full
class TestManaged(Contract):
    """A managed MLflow by its ARN, models in MLflow's registry."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, managed):
        return managed


@pytest.mark.server
@pytest.mark.full
class TestManagedPackages(Contract):
    """A managed MLflow by its ARN, models in SageMaker's."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, packaged):
        return packaged[0]


@pytest.mark.server
@pytest.mark.parametrize("clause", ["R1", "T1", "M2", "A2", "G3", "G5"])
def test_a_part_of_the_contract(clause, managed):
    keeps_a_part(clause, managed)


@pytest.mark.server
@pytest.mark.parametrize("clause", ["G1", "G5", "G7", "G8"])
def test_a_part_of_the_contract_with_packages(clause, packaged):
    keeps_a_part(clause, packaged[0])


@pytest.mark.server
def test_models_go_to_model_packages(packaged, tmp_path):
    url, place = packaged
    configure(journal_dir=str(tmp_path), shipper="inline")
    try:
        with tb.start_run("managed", backend=url, capture=False) as run:
            run.log_text("weights", "model/weights.txt")
        with tb.connect(url) as store:
            version = store.registry.register("packaged", run_id=run.id, artifact="model")
            store.registry.transition("packaged", version.number, "Production")
            assert store.registry.load("packaged", version.number).joinpath("weights.txt").read_text() == "weights"
    finally:
        configure(journal_dir=None, shipper=None)
    (group,) = [
        one["ModelPackageGroupName"]
        for one in place.client("sagemaker").list_model_package_groups(NameContains="packaged")[
            "ModelPackageGroupSummaryList"
        ]
    ]
    (found,) = place.client("sagemaker").list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    package = place.client("sagemaker").describe_model_package(ModelPackageName=found["ModelPackageArn"])
    assert re.fullmatch(r"s3://.+/artifacts/model", package["SourceUri"])
    assert package["ModelLifeCycle"]["Stage"] == "Production"


class Listening:
    """A server that answers everything alike and keeps the headers it was sent."""

    def __init__(self) -> None:
        seen = self.seen = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append((self.path, dict(self.headers)))
                body = b'{"experiment": {"experiment_id": "0", "name": "x", "artifact_location": "s3://b/0"}}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def listening(monkeypatch):
    server = Listening()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", server.url)
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.mark.parametrize(
    ("kind", "header", "service"),
    [
        ("mlflow-app", "x-sm-mlflow-app-arn", "sagemaker"),
        ("mlflow-tracking-server", "x-mlflow-sm-tracking-server-arn", "sagemaker-mlflow"),
    ],
)
def test_each_request_names_its_server_and_is_signed(listening, caplog, kind, header, service):
    arns = [f"arn:aws:sagemaker:eu-west-1:111122223333:{kind}/{name}" for name in ("one", "two")]
    for arn in arns:  # one process, two servers: MLflow's own tracking URI is neither
        open_backend(f"mlflow+{arn}").adapter.experiments.get("x")
    assert [headers[header] for _, headers in listening.seen] == arns
    for _, headers in listening.seen:
        assert re.search(rf"Credential=testing/\d+/eu-west-1/{service}/aws4_request", headers["Authorization"])
    assert caplog.records == []


def test_without_credentials_it_is_an_error_of_ours(listening, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    with pytest.raises(AuthError, match="no AWS credentials"):
        open_backend(ARN).adapter.experiments.get("x")
    assert listening.seen == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mlflow+arn:aws:sagemaker:us-east-1:111122223333:mlflow-thing/team", "no ARN"),
        ("mlflow+arn:aws:s3:us-east-1:111122223333:mlflow-app/team", "no ARN"),
        (f"{ARN}?colour=red", "'colour'"),
        (f"{ARN}?registry=vertex", "registry=vertex"),
        (f"{ARN}?bucket=models", "registry=mlflow"),
        (f"{ARN}?registry=sagemaker", "no bucket"),
    ],
)
def test_what_is_wrong_with_a_url_is_named(url, said):
    with pytest.raises(ConfigurationError, match=said):
        open_backend(url)


def test_an_arn_is_the_tracking_uri():
    address = address_of(parse_url(f"{ARN}?timeout_s=5"))
    assert (address.tracking_uri, address.timeout_s) == (ARN.removeprefix("mlflow+"), 5.0)
    assert address.is_server
    assert address.is_managed
