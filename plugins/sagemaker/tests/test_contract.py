"""The whole contract on the emulated SageMaker; one check a clause in the first tier, for the whole takes minutes."""

from __future__ import annotations

import pytest

from parts import SMALL, keeps_a_part
from trackbridge.testing import Contract
from trackbridge.testing.suite import CLAUSES


@pytest.mark.server
@pytest.mark.full
class TestSageMaker(Contract):
    """SageMaker as it is emulated, beside moto's S3."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, shared_place):
        return shared_place.url


@pytest.mark.server
@pytest.mark.parametrize("clause", CLAUSES)
def test_a_part_of_the_contract(clause, shared_place):
    keeps_a_part(clause, shared_place.url)
