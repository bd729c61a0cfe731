"""The whole contract, on each kind of MLflow."""

from __future__ import annotations

import pytest

from trackbridge.testing import Contract, Scale

SMALL = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=600)  # eight processes import MLflow


class TestDirect(Contract):
    """A database without a server."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, direct_url):
        return direct_url


@pytest.mark.server
class TestServer(Contract):
    """A server on SQLite; artifacts go through it."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, server_url):
        return server_url


@pytest.mark.server
@pytest.mark.full
class TestPostgresDirectS3(Contract):
    """A server on PostgreSQL; artifacts go straight to S3."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, mlflow_postgres_s3):
        return f"mlflow+{mlflow_postgres_s3['url']}"


@pytest.mark.server
@pytest.mark.full
class TestPostgresProxied(Contract):
    """A server of two workers on PostgreSQL; artifacts go through it to S3."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, mlflow_postgres_proxied):
        return f"mlflow+{mlflow_postgres_proxied['url']}"
