"""The whole contract on the emulated service; a part of it in the first tier."""

from __future__ import annotations

import pytest

from trackbridge.testing import Contract, Scale
from trackbridge.testing.checks import Check, checks_of
from trackbridge.testing.suite import CLAUSES
from trackbridge.testing.verdicts import run_check

SMALL = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=600)


@pytest.mark.server
@pytest.mark.full
class TestWandb(Contract):
    """The vendor's SDK reads back what the adapter wrote to the emulated service."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, url):
        return url


def quickest(clause: str) -> Check:
    """Give a check of the clause: one without processes of its own, where there is one."""

    def has_processes(one: Check) -> bool:
        return one.function.__module__.endswith(".concurrency") or "script" in one.function.__code__.co_names

    return min(checks_of(clause), key=has_processes)


@pytest.mark.server
@pytest.mark.parametrize("clause", CLAUSES)
def test_a_part_of_the_contract(clause, url):
    outcome = run_check(quickest(clause), url, SMALL)
    assert outcome.verdict in {"kept", "refused"}, outcome.detail
