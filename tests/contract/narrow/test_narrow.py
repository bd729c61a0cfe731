"""The suite over a vendor whose fields hold next to nothing: all the rest is the sidecar's."""

from trackbridge.testing import Contract


class TestNarrow(Contract):
    url = "narrow://contract"
