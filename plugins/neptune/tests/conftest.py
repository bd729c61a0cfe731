"""A dump to read, and a store over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackbridge.store import connect


@pytest.fixture
def dump(neptune_dump):
    """A dump with all there can be; nobody changes it."""
    return Path(neptune_dump["url"].removeprefix("neptune-dump://"))


@pytest.fixture
def store(neptune_dump):
    with connect(neptune_dump["url"]) as opened:
        yield opened


@pytest.fixture
def runs(store):
    """The runs of the dump by name."""
    return {run.name: run for run in store.runs.search()}
