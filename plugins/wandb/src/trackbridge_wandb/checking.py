"""What `trackbridge doctor` wants to know of a W&B."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from trackbridge.errors import AuthError
from trackbridge.protocol import BackendInfo
from trackbridge_wandb.client import Client
from trackbridge_wandb.operations import VIEWER

__all__ = ["checked_info"]


def checked_info(client: Client) -> BackendInfo:
    """Reach a W&B and describe it.

    Raises:
        AuthError: it does not accept the key, or the entity is none of the key's own.
        ConfigurationError: it is no W&B.
        Transient: it cannot be reached now.
    """
    address = client.address
    viewer = client.wire.query(VIEWER).get("viewer")
    if not viewer:
        raise AuthError(
            f"{address.shown} does not accept the API key",
            clause="X1",
            remedy="Run `wandb login`, or set WANDB_API_KEY.",
        )
    teams = [edge["node"]["name"] for edge in (viewer.get("teams") or {}).get("edges") or () if edge["node"]]
    facts = [
        ("service", address.base_url),
        ("user", str(viewer.get("username"))),
        ("entity", address.entity),
        ("registry", f"{client.registry_entity}/{address.registry}"),
        ("client", _client_version()),
    ]
    warnings = []
    if address.entity not in {viewer.get("username"), viewer.get("entity"), *teams}:
        warnings.append(f"{viewer.get('username')} is no member of {address.entity}: writing there may be refused.")
    return BackendInfo(tuple(facts), tuple(warnings))


def _client_version() -> str:
    try:
        return f"wandb {version('wandb')}"
    except PackageNotFoundError:
        return "wandb is not installed"
