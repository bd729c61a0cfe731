"""The URL of a fresh place on each emulated cloud, for tests of the core that run on all of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from servers import accounts, gcs

__all__ = ["CLOUDS"]


def _sagemaker(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch) -> str:
    services, emulator, s3_endpoint = map(request.getfixturevalue, ("services", "sagemaker_emulator", "s3_endpoint"))
    place = accounts.new_place(services, emulator["url"], s3_endpoint)
    for name, value in place.environment.items():
        patch.setenv(name, value)
    return place.url


def _vertex(request: pytest.FixtureRequest, _: pytest.MonkeyPatch) -> str:
    endpoint = request.getfixturevalue("vertex_emulator")["grpc"]
    bucket = gcs.create_bucket(request.getfixturevalue("gcs_endpoint"), f"b{uuid.uuid4().hex[:12]}")
    return (
        f"vertex://p{uuid.uuid4().hex[:12]}/us-central1?staging=gs://{bucket}/staging&endpoint={endpoint}&insecure=true"
    )


def _wandb(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch) -> str:
    service = request.getfixturevalue("wandb_emulator" if request.scope == "function" else "wandb_server")
    for name, value in service.environment.items():
        if name != "WANDB_BASE_URL":  # the URL names it
            patch.setenv(name, value)
    return f"wandb://team?base_url={service.url}"


CLOUDS: Final[Mapping[str, Callable[[pytest.FixtureRequest, pytest.MonkeyPatch], str]]] = {
    "sagemaker": _sagemaker,
    "vertex": _vertex,
    "wandb": _wandb,
}
