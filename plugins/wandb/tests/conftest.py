"""The backend that these tests run on: the emulated service, one a worker, strict after every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulators.wandb.handle import Handle
from trackbridge.protocol import Backend, open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader


@pytest.fixture
def service(wandb_emulator: Handle, monkeypatch: pytest.MonkeyPatch) -> Handle:
    """The emulated service, and the environment that leads there."""
    for name, value in wandb_emulator.environment.items():
        if name != "WANDB_BASE_URL":  # the URL names it, so that a test may have a second one
            monkeypatch.setenv(name, value)
    return wandb_emulator


@pytest.fixture
def url(service: Handle) -> str:
    """The service's URL."""
    return f"wandb://team?base_url={service.url}"


@pytest.fixture
def backend(url: str) -> Iterator[Backend]:
    """A backend, opened for one test."""
    opened = open_backend(url)
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
        header = RunHeader(**{"id": new_run_id(), "experiment": experiment, "started_ms": 1_000, **fields})
        adapter.runs.create(header)
        return header.id

    return start
