"""The whole contract on the emulated SageMaker; one check a clause in the first tier, for the whole takes minutes."""

from __future__ import annotations

import pytest

from trackbridge.testing import Contract, Scale
from trackbridge.testing.checks import Check, checks_of
from trackbridge.testing.suite import CLAUSES
from trackbridge.testing.verdicts import run_check

# Many processes at once import boto3, and a busy machine takes its time over that.
SMALL = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=600)


@pytest.mark.server
@pytest.mark.full
class TestSageMaker(Contract):
    """SageMaker as it is emulated, beside moto's S3."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, shared_place):
        return shared_place.url


def quickest(clause: str) -> Check:
    """Give a check of the clause: one without processes of its own, where there is one."""

    def has_processes(one: Check) -> bool:
        return one.function.__module__.endswith(".concurrency") or "script" in one.function.__code__.co_names

    return min(checks_of(clause), key=has_processes)


@pytest.mark.server
@pytest.mark.parametrize("clause", CLAUSES)
def test_a_part_of_the_contract(clause, shared_place):
    outcome = run_check(quickest(clause), shared_place.url, SMALL)
    assert outcome.verdict in {"kept", "refused"}, outcome.detail
