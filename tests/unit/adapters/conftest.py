"""Both embedded adapters, opened the way the core opens them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trackbridge.protocol import Adapter, open_backend
from trackbridge.records.ids import new_run_id
from trackbridge.records.writes import RunHeader

Opener = Callable[[str], Adapter]
Starter = Callable[..., str]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Open adapters by URL, and close them in the end."""
    adapters: list[Adapter] = []

    def opener(url: str) -> Adapter:
        adapters.append(open_backend(url).adapter)
        return adapters[-1]

    yield opener
    for adapter in adapters:
        adapter.close()


@pytest.fixture(params=["memory", "local"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that nobody used before."""
    return f"memory://{uuid.uuid4().hex}" if request.param == "memory" else f"local://{tmp_path}/store"


@pytest.fixture
def adapter(url: str, opened: Opener) -> Adapter:
    return opened(url)


@pytest.fixture
def start() -> Starter:
    """Create a run in the experiment "e"; give its id."""

    def starter(
        adapter: Adapter, *, started_ms: int = 1_000, parent: str | None = None, name: str | None = None
    ) -> str:
        adapter.experiments.ensure("e")
        header = RunHeader(new_run_id(), "e", started_ms, parent)
        assert adapter.runs.create(header, name=name).created
        return header.id

    return starter


@pytest.fixture
def run_id(adapter: Adapter, start: Starter) -> str:
    return start(adapter)


@pytest.fixture
def local_root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def local(local_root: Path, opened: Opener) -> Adapter:
    """An adapter of a local store that does not exist yet."""
    return opened(f"local://{local_root}")
