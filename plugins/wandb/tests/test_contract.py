"""The whole contract on the emulated service; a part of it in the first tier."""

from __future__ import annotations

import pytest

from parts import SMALL, keeps_a_part
from trackbridge.testing import Contract
from trackbridge.testing.suite import CLAUSES


@pytest.mark.server
@pytest.mark.full
class TestWandb(Contract):
    """The vendor's SDK reads back what the adapter wrote to the emulated service."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, url):
        return url


@pytest.mark.server
@pytest.mark.parametrize("clause", CLAUSES)
def test_a_part_of_the_contract(clause, url):
    keeps_a_part(clause, url)
