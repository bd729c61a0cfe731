"""SageMaker's managed MLflow: a server that an ARN names, by way of the vendor's own plugin, sagemaker-mlflow.

MLflow asks its plugins for headers and signatures by its tracking URI, which is one for the whole process. Here the
plugin's own classes are asked for the address at hand, so that one process can talk to several servers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from trackbridge.errors import AuthError, ConfigurationError
from trackbridge_mlflow.address import Address

__all__ = ["host_of", "signed", "without_noise"]

_HEADERS: Final = {
    "mlflow-app": "x-sm-mlflow-app-arn",
    "mlflow-tracking-server": "x-mlflow-sm-tracking-server-arn",
}
_SERVICES: Final = {"mlflow-app": "sagemaker", "mlflow-tracking-server": "sagemaker-mlflow"}
_NOISE: Final = "Encountered unexpected error during resolving request headers"

_asking: ContextVar[bool] = ContextVar("trackbridge_mlflow_asking", default=False)


def host_of(address: Address) -> Any:
    """Give MLflow's record of the host that the plugin resolves an ARN to; `signed` adds what opens it."""
    host_creds = _plugin("host_creds")
    creds = host_creds.get_host_creds(address.tracking_uri)
    creds.auth = creds.username = creds.password = creds.token = None
    return creds


def signed(address: Address, options: Mapping[str, Any]) -> dict[str, Any]:
    """Give a request's options with what names the server and signs the request.

    Raises:
        AuthError: no credentials are found.
    """
    provider = _plugin("mlflow_sagemaker_helpers").SageMakerMLflowHostMetadataProvider()
    provider.set_arn(address.tracking_uri)
    kind = provider.resource_type
    sign = _plugin("auth").AuthBoto(provider.region, _SERVICES[kind], provider.maybe_assume_role_arn)
    if sign.creds is None:
        raise AuthError(
            f"no AWS credentials are found for {address.shown}",
            clause="X1",
            remedy="Give them in AWS's own places: environment, ~/.aws, or a role.",
        )

    def named_and_signed(request: Any) -> Any:
        for header in _HEADERS.values():  # MLflow's plugin may have named the server of its tracking URI
            request.headers.pop(header, None)
        request.headers[_HEADERS[kind]] = address.tracking_uri
        return sign(request)

    return {**options, "auth": named_and_signed}


@contextmanager
def without_noise() -> Iterator[None]:
    """Keep MLflow from warning, at each request of ours, that sagemaker-mlflow knows no other tracking URI than an ARN."""
    token = _asking.set(True)
    try:
        yield
    finally:
        _asking.reset(token)


def _is_news(record: logging.LogRecord) -> bool:
    return not (_asking.get() and record.getMessage().startswith(_NOISE))


logging.getLogger("mlflow.tracking.request_header.registry").addFilter(_is_news)


def _plugin(module: str) -> Any:
    from importlib import import_module

    try:
        return import_module(f"sagemaker_mlflow.{module}")
    except ImportError as error:
        raise ConfigurationError(
            f"a managed MLflow needs sagemaker-mlflow: {error}",
            remedy="Install it: pip install 'trackbridge-mlflow[sagemaker]'.",
        ) from error
