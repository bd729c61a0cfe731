"""The contract on a real AWS account: TRACKBRIDGE_LIVE_SAGEMAKER is its backend URL, credentials are AWS's usual ones.

It leaves experiments, trial components, model package groups and objects behind, all named ``tbc-…`` or below the
URL's prefix.
"""

from __future__ import annotations

import os

from trackbridge.testing import Contract, Scale

if url := os.environ.get("TRACKBRIDGE_LIVE_SAGEMAKER"):

    class TestLiveSageMaker(Contract):
        """SageMaker itself, or its managed MLflow where the URL is an ARN's."""

        url = url
        scale = Scale(points=2_500, runs=30, artifacts=30, writers=4, examples=2, timeout_s=600)
