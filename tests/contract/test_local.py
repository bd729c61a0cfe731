"""The suite over the default backend."""

import pytest

from parts import SMALL
from trackbridge.testing import Contract


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("local")


class TestLocal(Contract):
    scale = SMALL  # `tests/docs` plays it at its full size, for the page

    @pytest.fixture
    def backend_url(self, folder):
        return f"local://{folder}"
