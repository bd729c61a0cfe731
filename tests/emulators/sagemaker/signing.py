"""Who calls, as Signature Version 4 says it; the signature itself is verified where a secret key is set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulators.sagemaker.errors import ServiceError

DEFAULT_ACCOUNT = "123456789012"
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9-]+)/"
    r"aws4_request, ?SignedHeaders=(?P<signed>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


class Caller(NamedTuple):
    """The account that calls and the region it means."""

    account: str
    region: str


def caller(headers: Mapping[str, str]) -> Caller:
    """Read the caller; an access key of twelve digits is the account itself, as with moto."""
    found = _HEADER.fullmatch(headers.get("authorization", ""))
    if found is None:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    if found["service"] != "sagemaker":
        raise ServiceError(
            "InvalidSignatureException",
            f"Credential should be scoped to correct service: 'sagemaker', not '{found['service']}'.",
        )
    key = found["key"]
    return Caller(key if re.fullmatch(r"\d{12}", key) else DEFAULT_ACCOUNT, found["region"])


def verify(secret: str, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Refuse a request that was not signed with `secret`."""
    found = _HEADER.fullmatch(headers.get("authorization", ""))
    assert found is not None
    signed = {name: headers.get(name, "") for name in found["signed"].split(";")}
    request = AWSRequest(method=method, url=url, data=body, headers=signed)
    request.context["timestamp"] = headers.get("x-amz-date", "")
    signer = SigV4Auth(Credentials(found["key"], secret), found["service"], found["region"])
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if signer.signature(text, request) != found["signature"]:
        raise ServiceError(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided.",
        )
