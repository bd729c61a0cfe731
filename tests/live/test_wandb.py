"""The contract on a real W&B account: TRACKBRIDGE_LIVE_WANDB is its URL, wandb://TEAM; credentials are W&B's usual ones.

It leaves projects and models behind, all named ``tbc-…``, and what belongs to them in the project trackbridge-ledger.
"""

from __future__ import annotations

import os

from trackbridge.testing import Contract, Scale

if url := os.environ.get("TRACKBRIDGE_LIVE_WANDB"):

    class TestLiveWandb(Contract):
        """W&B's own service."""

        url = url
        scale = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=900)
