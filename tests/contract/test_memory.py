"""The suite over the executable reference."""

from parts import SMALL
from trackbridge.testing import Contract


class TestMemory(Contract):
    scale = SMALL  # `tests/docs` plays it at its full size, for the page
    url = "memory://contract"
