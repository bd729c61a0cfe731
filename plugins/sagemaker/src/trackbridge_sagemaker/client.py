"""AWS's clients, made on first use: SageMaker, its metrics, and S3."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any, Final

from trackbridge_sagemaker.address import Address
from trackbridge_sagemaker.errors import translated
from trackbridge_sagemaker.shapes import check_request

__all__ = ["Client"]

_ATTEMPTS: Final = 6  # of botocore's own standard retries: jittered, exponential, up to 20 s apart
_CONNECTIONS: Final = 32
_PAGE: Final = 100
_IDENTITY: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
_LOCK: Final = threading.Lock()


class Client:
    """One address's clients. botocore's clients may be used by several threads."""

    def __init__(self, address: Address) -> None:
        self.address = address

    @cached_property
    def sagemaker(self) -> Any:
        """SageMaker's own client."""
        return self._made("sagemaker", self.address.endpoint_url)

    @cached_property
    def metrics(self) -> Any:
        """The client of SageMaker's metrics, which are a service of their own."""
        return self._made("sagemaker-metrics", self.address.endpoint_url)

    @cached_property
    def s3(self) -> Any:
        """S3's client."""
        return self._made("s3", self.address.s3_endpoint_url)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation of SageMaker's, its request checked first, and give the answer.

        Args:
            operation: As the client's method is called, such as ``describe_trial``.
            request: Its members; None leaves one out.

        Raises:
            Rejected: the request breaks a rule of the service model, or of the service.
            TrackbridgeError: what became of it, by what to do next (X1).
        """
        client = self.metrics if operation.endswith("_metrics") else self.sagemaker
        given = {name: value for name, value in request.items() if value is not None}
        with translated(self.address.shown):
            model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
            check_request(model.input_shape, given, model.name)
            answer: dict[str, Any] = getattr(client, operation)(**given)
        return answer

    def pages(self, operation: str, key: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Give the entries of all pages of a list; `key` is the answer's member that holds them."""
        token: str | None = None
        while True:
            answer = self.call(operation, MaxResults=_PAGE, NextToken=token, **request)
            yield from answer.get(key, ())
            token = answer.get("NextToken")
            if not token:
                return

    def _made(self, service: str, endpoint: str | None) -> Any:
        # Making a client costs more than a request, and several adapters of a process may share it; a forked child must
        # not share its parent's connections.
        identity = hash((os.getpid(), *(os.environ.get(name) for name in _IDENTITY)))
        with _LOCK, translated(self.address.shown):
            return _client(service, self.address.region, endpoint, self.address.timeout_s, identity)


@cache
def _client(service: str, region: str, endpoint: str | None, timeout_s: float, identity: int) -> Any:
    from botocore.config import Config

    return _session(identity).client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        config=Config(
            connect_timeout=min(timeout_s, 10.0),
            read_timeout=timeout_s,
            max_pool_connections=_CONNECTIONS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            user_agent_extra="trackbridge",
        ),
    )


@cache
def _session(identity: int) -> Any:  # noqa: ARG001 - whose credentials it has found
    import boto3

    return boto3.session.Session()
