"""The whole contract: over gRPC in the first tier, over REST in the full one."""

from __future__ import annotations

import pytest

from trackbridge.testing import Contract, Scale

SMALL = Scale(points=2_500, runs=20, artifacts=20, writers=4, examples=1, timeout_s=600)


@pytest.mark.server
class TestVertex(Contract):
    """Google's clients over gRPC."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, place):
        return place.url()


@pytest.mark.server
@pytest.mark.full
class TestVertexRest(Contract):
    """Google's clients over REST."""

    scale = SMALL

    @pytest.fixture
    def backend_url(self, place):
        return place.url("rest")
