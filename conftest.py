"""What the tests of the core and of every plugin share."""

from __future__ import annotations

import os

import pytest

pytest_plugins = ["servers.fixtures"]  # found through `pythonpath` in pyproject.toml


@pytest.fixture(scope="session", autouse=True)
def journals(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the journals of this session in its own temporary directory; subprocesses inherit that."""
    os.environ["TRACKBRIDGE_JOURNAL_DIR"] = str(tmp_path_factory.mktemp("journals"))
