"""The whole contract on MLflow with a thread and with a process that deliver; `test_contract` has the calling thread."""

from __future__ import annotations

import pytest

from trackbridge.testing import Contract, Scale, lab

pytestmark = pytest.mark.full
SMALL = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hosts")


@pytest.fixture
def thread(monkeypatch):
    monkeypatch.setitem(lab._SETTINGS, "shipper", "thread")


@pytest.fixture
def process(monkeypatch):
    monkeypatch.setitem(lab._SETTINGS, "shipper", "process")


@pytest.mark.usefixtures("thread")
class TestThread(Contract):
    """A database without a server."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, folder):
        return f"mlflow+sqlite:///{folder / 'thread.db'}"


@pytest.mark.usefixtures("process")
class TestProcess(Contract):
    """A database without a server."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, folder):
        return f"mlflow+sqlite:///{folder / 'process.db'}"


@pytest.mark.server
@pytest.mark.usefixtures("process")
class TestServerProcess(Contract):
    """A server on SQLite; artifacts go through it."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, server_url):
        return server_url
