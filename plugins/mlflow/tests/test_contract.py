"""The whole contract on each kind of MLflow; a part of each in the first tier, for the whole takes minutes."""

from __future__ import annotations

import pytest

from parts import FAMILIES, SMALL, keeps_a_part
from trackbridge.testing import Contract
from trackbridge.testing.suite import CLAUSES


@pytest.fixture(scope="module")
def own_url(tmp_path_factory):
    """A database without a server where nobody else leaves things that only an adapter's test would write."""
    return f"mlflow+sqlite:///{tmp_path_factory.mktemp('contract') / 'mlflow.db'}"


@pytest.mark.full
class TestDirect(Contract):
    """A database without a server."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, own_url):
        return own_url


@pytest.mark.server
@pytest.mark.full
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


@pytest.mark.parametrize("clause", FAMILIES.values())
def test_a_part_of_the_contract_without_a_server(clause, own_url):
    keeps_a_part(clause, own_url)


@pytest.mark.server
@pytest.mark.parametrize(
    ("server", "clause"),
    [
        *(("mlflow_sqlite", clause) for clause in CLAUSES),
        *(("mlflow_postgres_s3", clause) for clause in FAMILIES.values()),
        *(pytest.param("mlflow_postgres_proxied", clause, marks=pytest.mark.full) for clause in FAMILIES.values()),
    ],
)
def test_a_part_of_the_contract(server, clause, request):
    keeps_a_part(clause, f"mlflow+{request.getfixturevalue(server)['url']}")
