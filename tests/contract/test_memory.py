"""The suite over the executable reference."""

from trackbridge.testing import Contract


class TestMemory(Contract):
    url = "memory://contract"
