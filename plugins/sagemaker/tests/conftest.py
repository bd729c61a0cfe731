"""An account for each test, and for each module that shares one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from servers.accounts import Place, new_place
from servers.shared import Services
from trackbridge.protocol import open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader


@pytest.fixture(scope="module")
def shared_place(services: Services, sagemaker_emulator: dict[str, str], s3_endpoint: str) -> Iterator[Place]:
    """An account for all tests of a module."""
    place = new_place(services, sagemaker_emulator["url"], s3_endpoint)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.environment.items():
            patch.setenv(name, value)
        yield place


@pytest.fixture
def place(sagemaker_place: Place) -> Place:
    """A fresh account."""
    return sagemaker_place


@pytest.fixture
def adapter(place: Place) -> Any:
    return open_backend(place.url).adapter


@pytest.fixture
def start(adapter: Any) -> Callable[..., str]:
    """Make runs in the experiment ``exp``."""
    adapter.experiments.ensure("exp")

    def start(**fields: Any) -> str:
        header = RunHeader(**{"id": new_run_id(), "experiment": "exp", "started_ms": 1_000, **fields})
        adapter.runs.create(header)
        return header.id

    return start
