"""Where a backend URL leads: a region, and the bucket that holds what SageMaker's fields do not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from trackbridge.errors import ConfigurationError
from trackbridge.protocol import BackendUrl

__all__ = ["Address", "address_of"]

_OPTIONS: Final = ("bucket", "endpoint_url", "prefix", "s3_endpoint_url", "timeout_s")
_DEFAULT_PREFIX: Final = "trackbridge"
_DEFAULT_TIMEOUT_S: Final = 60.0
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Address:
    """One account and region, as the credentials at hand have it.

    Attributes:
        region: Such as ``eu-west-1``.
        bucket: The bucket of records, series, artifacts and trails.
        prefix: The folder in it, without slashes at its ends.
        shown: For messages, without secrets.
        endpoint_url: Of SageMaker's API and its metrics, where it is not AWS's own.
        s3_endpoint_url: Of S3, likewise.
        timeout_s: How long one request may take.
    """

    region: str
    bucket: str
    prefix: str
    shown: str
    endpoint_url: str | None = None
    s3_endpoint_url: str | None = None
    timeout_s: float = _DEFAULT_TIMEOUT_S


def address_of(url: BackendUrl) -> Address:
    """Read a backend URL of this plugin.

    Raises:
        ConfigurationError: no region, no bucket, or an option that is not known.
    """
    unknown = sorted(set(url.options) - set(_OPTIONS))
    if unknown:
        raise ConfigurationError(f"{url} has the option {unknown[0]!r}", remedy=f"Known: {', '.join(_OPTIONS)}.")
    region = url.location.strip("/")
    if not _REGION.fullmatch(region):
        raise ConfigurationError(
            f"{url} names no region", remedy="Write sagemaker://eu-west-1?bucket=my-bucket, with your own region."
        )
    bucket = url.option("bucket") or ""
    if not _BUCKET.fullmatch(bucket):
        raise ConfigurationError(
            f"{url} names no bucket" if not bucket else f"{url} has the bucket {bucket!r}, which S3 does not take",
            remedy="Add ?bucket=NAME: records, series and artifacts lie in a bucket of yours.",
        )
    return Address(
        region=region,
        bucket=bucket,
        prefix=unquote(url.option("prefix") or _DEFAULT_PREFIX).strip("/"),
        shown=str(url),
        endpoint_url=url.option("endpoint_url"),
        s3_endpoint_url=url.option("s3_endpoint_url"),
        timeout_s=_timeout(url),
    )


def _timeout(url: BackendUrl) -> float:
    text = url.option("timeout_s")
    try:
        timeout_s = float(text) if text is not None else _DEFAULT_TIMEOUT_S
    except ValueError:
        timeout_s = 0.0
    if not 0 < timeout_s <= 3_600:
        raise ConfigurationError(f"{url} has timeout_s={text}", remedy="Give seconds, more than 0 and up to 3600.")
    return timeout_s
