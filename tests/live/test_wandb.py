"""The contract on a real W&B account: for whoever has one and sets TRACKBRIDGE_LIVE_WANDB to its URL, wandb://TEAM.

Its projects and models begin with ``tbc-``; credentials come from W&B's own places.
"""

from __future__ import annotations

import os

from trackbridge.testing import Contract, Scale

URL = os.environ.get("TRACKBRIDGE_LIVE_WANDB")

if URL:  # a suite that nobody asked for is not there, rather than skipped

    class TestLiveWandb(Contract):
        """W&B's own service, over the network: few and small."""

        scale = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=900)

        def backend_url(self):
            return URL
