"""The suite over the default backend."""

import pytest

from trackbridge.testing import Contract


class TestLocal(Contract):
    @pytest.fixture(scope="class")
    def backend_url(self, tmp_path_factory):
        return f"local://{tmp_path_factory.mktemp('local')}"
