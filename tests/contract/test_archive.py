"""The suite over an archive in a folder and over one in a bucket; a part of it in the first tier."""

import uuid
from dataclasses import replace

import pytest

from servers import s3
from trackbridge.testing import Contract, Scale
from trackbridge.testing.checks import checks_of
from trackbridge.testing.suite import CLAUSES
from trackbridge.testing.verdicts import run_check

SMALL = Scale(points=2_500, runs=30, artifacts=20, writers=4, examples=2, timeout_s=600)
TINY = replace(
    SMALL, runs=6, artifacts=6, points=600
)  # each call is a request or more, and a proof of each family will do
FAMILIES = {clause[0]: clause for clause in CLAUSES}  # the last clause of each


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return f"archive+file://{tmp_path_factory.mktemp('archive')}"


@pytest.fixture(scope="module")
def bucket(s3_endpoint):
    name = s3.create_bucket(s3_endpoint, f"archive-{uuid.uuid4().hex[:12]}")
    return f"archive+s3://{name}/kept/cold?endpoint_url={s3_endpoint}"


@pytest.mark.full
class TestFolder(Contract):
    @pytest.fixture
    def backend_url(self, folder):
        return folder


@pytest.mark.server
@pytest.mark.full
class TestBucket(Contract):
    scale = SMALL

    @pytest.fixture
    def backend_url(self, bucket):
        return bucket


def quickest(clause):
    """Give a check of the clause: one without processes of its own, where there is one."""

    def has_processes(one):
        return one.function.__module__.endswith(".concurrency") or "script" in one.function.__code__.co_names

    return min(checks_of(clause), key=has_processes)


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_part_of_the_contract(clause, folder):
    keeps(clause, folder, SMALL)


@pytest.mark.server
@pytest.mark.parametrize("clause", FAMILIES.values())
def test_a_part_of_the_contract_in_a_bucket(clause, bucket):
    keeps(clause, bucket, TINY)


def keeps(clause, url, scale):
    outcome = run_check(quickest(clause), url, scale)
    assert outcome.verdict == "kept", outcome.detail
