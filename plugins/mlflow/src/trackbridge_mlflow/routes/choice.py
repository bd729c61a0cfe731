"""Which way leads to an artifact root."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from trackbridge.errors import ConfigurationError, Transient
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.routes.base import Route

__all__ = ["route_to"]


def route_to(root: str, client: Client) -> Route:
    """Give the way to a run's artifact root, as MLflow names it: straight to the store wherever that is possible.

    Raises:
        ConfigurationError: the root lies behind a server, and the backend is a database.
        Transient: there is none; what answered for the server knows nothing of the run.
    """
    if not root:  # it would be the working directory
        raise Transient(f"{client.address.shown} names no place for the artifacts of a run", clause="A2")
    parts = urlsplit(root)
    address = client.address
    if parts.scheme in {"mlflow-artifacts", "http", "https"}:
        if not address.is_server:
            raise ConfigurationError(
                f"the artifacts at {root} are served by an MLflow server, and {address.shown} is a database",
                clause="A2",
                remedy="Open the server as mlflow+http://…, or make experiments with an artifact root of their own.",
            )
        from trackbridge_mlflow.routes.proxy import ProxyRoute

        return ProxyRoute(client.wire, root)
    if parts.scheme in {"", "file"}:
        from trackbridge_mlflow.routes.local import LocalRoute

        return LocalRoute(unquote(parts.path) if parts.scheme else root)
    if parts.scheme == "s3":
        from trackbridge_mlflow.routes.s3 import S3Route

        return S3Route(parts.netloc, unquote(parts.path).strip("/"))
    from trackbridge_mlflow.routes.repository import RepositoryRoute

    return RepositoryRoute(_repository(root))


def _repository(root: str) -> Any:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    return get_artifact_repository(root)
