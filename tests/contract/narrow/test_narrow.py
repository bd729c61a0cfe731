"""The suite over a vendor whose fields hold next to nothing: all the rest is the sidecar's."""

from parts import SMALL
from trackbridge.testing import Contract


class TestNarrow(Contract):
    scale = SMALL
    url = "narrow://contract"
