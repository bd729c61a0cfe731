"""What the tests of the core and of every plugin share."""

from __future__ import annotations

import gc
import os

import pytest

pytest_plugins = ["servers.fixtures"]  # found through `pythonpath` in pyproject.toml


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives as long as the session: ten thousand tests, and every vendor's SDK."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def journals(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the journals of this session in its own temporary directory; subprocesses inherit that."""
    os.environ["TRACKBRIDGE_JOURNAL_DIR"] = str(tmp_path_factory.mktemp("journals"))
