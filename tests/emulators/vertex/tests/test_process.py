"""The server as a process of its own: started, killed, started again with all it had; and on its own feet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import aiplatform_v1 as v1

import emulators.vertex
from emulators.vertex import Remote
from emulators.vertex.clients import client
from servers import gcs, vertex
from servers.shared import Services, free_port

PARENT = "projects/some-project/locations/us-central1"


@pytest.fixture
def own_services(tmp_path: Path) -> Iterator[Services]:
    """Services of this test alone, so that it may kill them."""
    started = Services(tmp_path / "services")
    yield started
    started.stop()


def test_a_killed_server_has_everything_when_it_is_back(own_services: Services, tmp_path: Path) -> None:
    ports = free_port(), free_port()
    first = vertex.start(own_services, tmp_path, switches=["operation_s=0.05"], ports=ports)
    boards = client("TensorboardService", first["grpc"])
    board = boards.create_tensorboard(parent=PARENT, tensorboard=v1.Tensorboard(display_name="b")).result(timeout=30)
    pending = boards.delete_tensorboard(name=board.name)
    models = client("ModelService", first["grpc"])
    uploaded = models.upload_model(parent=PARENT, model=v1.Model(display_name="m")).result(timeout=30)
    with pytest.raises(Exception, match="display_name"):
        models.upload_model(parent=PARENT, model=v1.Model())
    own_services.kill(int(first["pid"]))
    second = vertex.start(own_services, tmp_path, ports=ports)
    assert second["grpc"] == first["grpc"]
    pending.result(timeout=30)
    assert [model.name for model in models.list_models(parent=PARENT)] == [uploaded.model]
    assert list(boards.list_tensorboards(parent=PARENT)) == []
    remote = Remote(second["rest"], "some-project")
    assert [violation["cite"] for violation in remote.violations()] == ["Model.display_name"]
    assert remote.switches()["operation_s"] == 0.0


def test_cloud_storage_honours_generations(gcs_endpoint: str) -> None:
    from google.api_core.exceptions import PreconditionFailed

    bucket = gcs.client(gcs_endpoint).bucket(gcs.create_bucket(gcs_endpoint, "proof"))
    blob = bucket.blob("folder/file")
    blob.upload_from_string(b"first", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("folder/file").upload_from_string(b"second", if_generation_match=0)
    assert bucket.blob("folder/file").download_as_bytes() == b"first"
    assert [found.name for found in bucket.list_blobs(prefix="folder/")] == ["folder/file"]


def test_the_emulator_knows_nothing_of_its_users() -> None:
    sources = Path(emulators.vertex.__file__).parent.rglob("*.py")
    user = "track" + "bridge"
    assert not [source.name for source in sources if re.search(user, source.read_text(), re.IGNORECASE)]
