"""The contract on a real project: TRACKBRIDGE_LIVE_VERTEX is its URL, vertex://PROJECT/LOCATION?staging=gs://BUCKET/PREFIX.

Credentials are Google's usual ones. It leaves experiments and models behind, all named ``tbc-…``, their files below
the prefix, and the region's default TensorBoard where there was none.
"""

from __future__ import annotations

import os

from trackbridge.testing import Contract, Scale

if url := os.environ.get("TRACKBRIDGE_LIVE_VERTEX"):

    class TestLiveVertex(Contract):
        """Google's own service."""

        url = url
        scale = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=1_800)
