"""The suite over an archive in a folder and over one in a bucket; a part of it in the first tier."""

import uuid
from dataclasses import replace

import pytest

from parts import FAMILIES, SMALL, keeps_a_part
from servers import s3
from trackbridge.testing import Contract
from trackbridge.testing.suite import CLAUSES

TINY = replace(SMALL, runs=6, artifacts=6, points=600)  # each call is a request or more


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return f"archive+file://{tmp_path_factory.mktemp('archive')}"


@pytest.fixture(scope="module")
def bucket(s3_endpoint):
    name = s3.create_bucket(s3_endpoint, f"archive-{uuid.uuid4().hex[:12]}")
    return f"archive+s3://{name}/kept/cold?endpoint_url={s3_endpoint}"


@pytest.mark.full
class TestArchive(Contract):
    @pytest.fixture
    def backend_url(self, folder):
        return folder


@pytest.mark.server
@pytest.mark.full
class TestArchiveBucket(Contract):
    scale = SMALL

    @pytest.fixture
    def backend_url(self, bucket):
        return bucket


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_part_of_the_contract(clause, folder):
    keeps_a_part(clause, folder)


@pytest.mark.server
@pytest.mark.parametrize("clause", [FAMILIES[family] for family in "RMAGC"])  # a folder shows that the rest is right
def test_a_part_of_the_contract_in_a_bucket(clause, bucket):
    keeps_a_part(clause, bucket, TINY)
