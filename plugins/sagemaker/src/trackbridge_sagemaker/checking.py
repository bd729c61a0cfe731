"""What `trackbridge doctor` wants to know of SageMaker."""

from __future__ import annotations

from importlib.metadata import version

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import BackendInfo
from trackbridge_sagemaker.bucket import Bucket
from trackbridge_sagemaker.client import Client

__all__ = ["checked_info"]

_PROBE = "doctor/conditional-write"


def checked_info(client: Client, bucket: Bucket) -> BackendInfo:
    """Reach SageMaker and the bucket, and describe them.

    Raises:
        AuthError: they do not accept the credentials.
        ConfigurationError: there is no such bucket, or its S3 has no conditional writes.
        Transient: they cannot be reached now.
    """
    address = client.address
    client.call("list_experiments", MaxResults=1)
    bucket.reach()
    bucket.create(_PROBE, b"")
    if bucket.create(_PROBE, b"") is not None:
        raise ConfigurationError(
            f"the S3 of {address.shown} overwrites what If-None-Match asks it to keep",
            clause="G5",
            remedy="Use Amazon S3, or a server that has conditional writes.",
        )
    facts = [
        ("client", f"boto3 {version('boto3')}"),
        ("region", address.region),
        ("SageMaker", address.endpoint_url or "AWS"),
        ("records, series and artifacts", bucket.uri("")),
    ]
    return BackendInfo(tuple(facts))
