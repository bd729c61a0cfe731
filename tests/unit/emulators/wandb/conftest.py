"""The vendor's own SDK before the emulator: nothing here knows trackbridge."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulators.wandb import Handle

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def sdk(wandb_server: Handle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The wandb package, led to the emulator; one wandb-core serves the whole session."""
    folder = tmp_path_factory.mktemp("wandb")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in wandb_server.environment.items():
            patch.setenv(name, value)
        for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR", "WANDB_ARTIFACT_DIR"):
            patch.setenv(name, str(folder))
        import wandb

        yield wandb
        wandb.teardown()


@pytest.fixture
def project() -> str:
    """A project of this test's own."""
    return f"project-{next(_NUMBERS)}"


@pytest.fixture
def start(sdk: Any, wandb_emulator: Handle, project: str) -> Callable[..., Any]:
    """Start a run in that project."""

    def start(**options: Any) -> Any:
        return sdk.init(project=options.pop("project", project), reinit="create_new", **options)

    return start


@pytest.fixture
def api(sdk: Any, wandb_emulator: Handle) -> Any:
    """The public API."""
    return sdk.Api()
