"""The entry point: which scheme this distribution serves. Importing it imports no boto3."""

from __future__ import annotations

from trackbridge.protocol import AdapterSpec, BackendUrl, VendorApi, hookimpl
from trackbridge.protocol.adapter import Adapter
from trackbridge_sagemaker.declaration import CAPABILITIES, DEVIATIONS, LIMITS

__all__ = ["trackbridge_adapters"]


def _open(url: BackendUrl) -> Adapter:
    from trackbridge_sagemaker.adapter import SageMakerAdapter

    return SageMakerAdapter(url)


def _load() -> None:
    import boto3  # noqa: F401 - half a second


@hookimpl
def trackbridge_adapters() -> tuple[AdapterSpec, ...]:
    """Give the adapter of SageMaker's classic Experiments API and its model packages."""
    return (
        AdapterSpec(
            schemes=("sagemaker",),
            open=_open,
            limits=lambda _: LIMITS,
            capabilities=CAPABILITIES,
            probe="trackbridge_sagemaker.probe:SageMakerProbe",
            deviations=DEVIATIONS,
            environment=(
                "AWS_REGION",
                "AWS_DEFAULT_REGION",
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
                "AWS_PROFILE",
                "AWS_ENDPOINT_URL*",
            ),
            api=VendorApi(modules=("sagemaker.core.experiments", "sagemaker.experiments", "smexperiments")),
            load=_load,
            remedy="pip install 'trackbridge[sagemaker]'",
        ),
    )
