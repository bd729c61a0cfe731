"""What `trackbridge doctor` wants to know of an MLflow."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Final

from trackbridge.errors import ConfigurationError, Conflict, NotFound
from trackbridge.protocol import BackendInfo
from trackbridge_mlflow.client import Client
from trackbridge_mlflow.metrics import POINTS_PER_BATCH
from trackbridge_mlflow.routes import route_to
from trackbridge_mlflow.runs import ITEMS_PER_BATCH

__all__ = ["checked_info"]

_DEFAULT_EXPERIMENT: Final = "0"
_NEWEST_MAJOR: Final = 3


def checked_info(client: Client) -> BackendInfo:
    """Reach an MLflow and describe it.

    Raises:
        AuthError: it does not accept the credentials.
        ConfigurationError: it is no MLflow.
        Transient: it cannot be reached now.
    """
    facts: list[tuple[str, str]] = [("client", f"mlflow {_client_version()}")]
    warnings: list[str] = []
    address = client.address
    if address.is_managed:
        facts += [("server", address.tracking_uri), ("auth", "AWS SigV4")]
    elif address.is_server:
        server = client.wire.request("GET", "/version").text.strip()[:40]
        if not server[:1].isdigit():
            raise ConfigurationError(
                f"{address.shown} answers /version with {server!r}", remedy="Is this the address of an MLflow server?"
            )
        facts += [("server", server), ("auth", _auth(client))]
        if int(server.partition(".")[0]) < _NEWEST_MAJOR:
            warnings.append(f"The server is MLflow {server}; trackbridge is proven on MLflow 3.")
    else:
        facts.append(("folder" if address.is_folder else "database", address.tracking_uri.partition(":")[0]))
    root = _artifact_root(client)  # needs credentials, so that wrong ones show here
    if root is not None:
        try:
            facts.append(("artifacts", f"{route_to(root, client).kind}: {root}"))
        except ConfigurationError as error:
            warnings.append(str(error))
    facts.append(("batches", f"{POINTS_PER_BATCH} points, {ITEMS_PER_BATCH} params, {ITEMS_PER_BATCH} tags"))
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in {"1", "true"}:
        warnings.append("MLFLOW_TRACKING_INSECURE_TLS is set: the server's certificate is not checked.")
    return BackendInfo(tuple(facts), tuple(warnings))


def _client_version() -> str:
    return version("mlflow-skinny")


def _auth(client: Client) -> str:
    creds = client.wire.host()
    if creds.username:
        return f"basic, as {creds.username}"
    if creds.token:
        return "bearer token"
    return str(creds.auth or ("AWS SigV4" if creds.aws_sigv4 else "none"))


def _artifact_root(client: Client) -> str | None:
    try:
        location = client.tracking.get_experiment(_DEFAULT_EXPERIMENT).artifact_location
    except (NotFound, Conflict):  # somebody removed it for good, which is their right
        return None
    return str(location)
